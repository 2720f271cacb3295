// A grader in JavaScript, made from graders.proto alone: rewards answers that hold the word in the row, up to a length.
// Usage: node grader.js PROTO_ROOT; prints its port, and ends when its input does.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const definition = loader.loadSync('rft/graders/v1/graders.proto', { includeDirs: [process.argv[2]], longs: Number, defaults: true, oneofs: true });
const { GraderService } = grpc.loadPackageDefinition(definition).rft.graders.v1;

const server = new grpc.Server();
server.addService(GraderService.service, {
  describe: (call, reply) => reply(null, { name: 'word', version: '7', range: { min: 0, max: 1 } }),
  grade: (call, reply) => {
    const { sample, itemJson, configJson, traceId, jobId } = call.request;
    const { word } = JSON.parse(itemJson);
    if (!word) return reply(null, { ungraded: { kind: 'no_word', message: 'the row has no word' } });
    if (sample.outputText === 'broken') return reply({ code: grpc.status.INVALID_ARGUMENT, details: 'not this one' });
    const limit = JSON.parse(configJson).most;
    const found = sample.outputText.includes(word) ? 1 : 0;
    const short = sample.outputText.length <= limit ? 1 : 0;
    return reply(null, {
      reward: (found + short) / 2,
      explanation: `${sample.finishReason} ${sample.reasoning} ${traceId.length} ${jobId}`,
      subRewards: { found, short },
    });
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
process.stdin.resume().on('end', () => process.exit(0));
