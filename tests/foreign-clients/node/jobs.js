// Drives the API from its .proto files alone: uploads a dataset, tries the grader on it, creates a job, watches it, cancels it.
// Usage: node jobs.js HOST:PORT PROTO_ROOT DATASET GRADER MODEL KEY_FILE
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, protoRoot, dataset, grader, model, keyFile] = process.argv.slice(2);
const definition = loader.loadSync(['rft/jobs/v1/jobs.proto', 'rft/jobs/v1/files.proto', 'rft/grading/v1/grading.proto'], { includeDirs: [protoRoot], enums: String, longs: Number, defaults: true, oneofs: true });
const { jobs, grading } = grpc.loadPackageDefinition(definition).rft;
const key = fs.readFileSync(keyFile, 'utf8').trim();
const withKey = (options, nextCall) => new grpc.InterceptingCall(nextCall(options), {
  start(metadata, listener, next) {
    metadata.set('authorization', `Bearer ${key}`);
    next(metadata, listener);
  },
});
const connect = (Service, interceptors = [withKey]) => new Service(address, grpc.credentials.createInsecure(), { interceptors });
const client = connect(jobs.v1.JobService);
const files = connect(jobs.v1.FileService);
const workbench = connect(grading.v1.GraderWorkbench);
const stranger = connect(jobs.v1.JobService, []);
const deadline = () => ({ deadline: Date.now() + 60000 });
const call = (method, request, on = client) => new Promise((resolve, reject) =>
  on[method](request, deadline(), (error, reply) => (error ? reject(error) : resolve(reply))));

function upload(path) {
  return new Promise((resolve, reject) => {
    const stream = files.uploadFile(deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
    stream.write({ header: { filename: 'from-node.jsonl' } });
    const bytes = fs.readFileSync(path);
    for (let at = 0; at < bytes.length; at += 10000) stream.write({ data: bytes.subarray(at, at + 10000) });
    stream.end();
  });
}

function testGrader(graderJson, datasetId, answerColumn) {
  return new Promise((resolve, reject) => {
    let report = null;
    const stream = workbench.test(deadline());
    stream.on('data', (response) => { if (response.part === 'report') report = response.report; });
    stream.on('error', reject);
    stream.on('end', () => resolve(report));
    stream.write({ setup: { graderJson, datasetId, answerColumn } });
    stream.end();
  });
}

function watchUntilStep(jobId, step) {
  return new Promise((resolve, reject) => {
    const kinds = [];
    const stream = client.watchJob({ jobId });
    stream.on('data', (event) => {
      kinds.push(event.event === 'stateChanged' ? event.stateChanged.state : event.event);
      if (event.event === 'stepTrained' && event.stepTrained.step >= step) stream.cancel();
    });
    stream.on('error', (error) => (error.code === grpc.status.CANCELLED ? resolve(kinds) : reject(error)));
    stream.on('end', () => resolve(kinds));
  });
}

function watchToTheEnd(jobId) {
  return new Promise((resolve, reject) => {
    let last = '';
    const stream = client.watchJob({ jobId }, deadline());
    stream.on('data', (event) => { if (event.event === 'stateChanged') last = event.stateChanged.state; });
    stream.on('error', reject);
    stream.on('end', () => resolve(last));
  });
}

async function main() {
  const strange = await call('listJobs', {}, stranger).catch((error) => [error.code, error.details]);
  const file = await upload(dataset);
  const refused = await call('createJob', { model: 'no-such-model', trainingDatasetId: file.id, graderJson: '{}' }).catch((error) => error.code);
  const graderJson = fs.readFileSync(grader, 'utf8');
  const tested = await testGrader(graderJson, file.id, '{"labels":{{item.labels}}}');
  const job = await call('createJob', {
    model, trainingDatasetId: file.id, graderJson, seed: 7,
    hyperparameters: { steps: 500, promptsPerStep: 4, groupSize: 2 },
  });
  const seen = await watchUntilStep(job.id, 2);
  const listed = (await call('listJobs', {})).jobs.some((other) => other.id === job.id);
  await call('cancelJob', { jobId: job.id });
  const end = await watchToTheEnd(job.id);
  const again = await call('cancelJob', { jobId: job.id }).catch((error) => error.code);
  console.log(JSON.stringify({ strange, rows: file.rows, mean: tested.rewards.mean, refused, seen: [...new Set(seen)], listed, end, again }));
}

main().then(() => { [client, files, workbench, stranger].forEach((open) => open.close()); }, (error) => { console.error(error); process.exit(1); });
