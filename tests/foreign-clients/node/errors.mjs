// Every documented case of error as the official SDK throws it: class, status, code, param, and how often it tried.
// Usage: node errors.mjs BASE_URL KEY VIEWER_KEY HASTY_KEY TRAINING_FILE
import OpenAI from 'openai';

const [baseURL, apiKey, viewerKey, hastyKey, training_file] = process.argv.slice(2);
let tries = 0;
const counted = (url, init) => { tries++; return fetch(url, init); };
const connect = (key, options) => new OpenAI({ baseURL, apiKey: key, fetch: counted, ...options });
const client = connect(apiKey), viewer = connect(viewerKey);
const grader = { type: 'string_check', name: 'exact', input: '{{sample.output_text}}', reference: 'x', operation: 'eq' };
const body = { model: 'base', training_file, method: { type: 'reinforcement', reinforcement: { grader } } };

async function failure(call) {
  tries = 0;
  const error = await call().then(() => null, (thrown) => thrown);
  if (!(error instanceof OpenAI.APIError)) return String(error);
  const whole = error.message.length > 10 && error.requestID?.startsWith('req_') && Object.keys(error.error).sort().join() === 'code,message,param,type';
  return `${error.constructor.name} ${error.status} ${error.type} ${error.code} ${error.param} ${whole} after ${tries}`;
}

// A file that comes a few bytes a second.
const part = (head) => Buffer.from(`--x\r\nContent-Disposition: form-data; name=${head}\r\n\r\n`);
const trickle = () => new ReadableStream({
  start: (controller) => { for (const piece of [part('"purpose"'), Buffer.from('evals\r\n'), part('"file"; filename="a"')]) controller.enqueue(piece); },
  async pull(controller) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.enqueue(Buffer.from('some'));
  },
});

// More calls than a second has; without tries of its own, the SDK passes the refusal on.
async function hurry(maxRetries) {
  const hasty = connect(hastyKey, { maxRetries });
  const failures = await Promise.all(Array.from({ length: 6 }, () => failure(() => hasty.models.list().asResponse())));
  return failures.find((one) => one.startsWith('RateLimitError'))?.replace(/ after.*/, '') ?? 'none';
}

const key = { headers: { 'Idempotency-Key': 'the-same' } };
await client.fineTuning.jobs.create(body, key);
const result = {
  400: await failure(() => client.fineTuning.jobs.create({ ...body, method: { type: 'reinforcement', reinforcement: { grader: { ...grader, input: undefined } } } })),
  401: await failure(() => connect('sk-rft-wrong').models.list()),
  403: await failure(() => viewer.fineTuning.jobs.create(body)),
  404: await failure(() => client.fineTuning.jobs.retrieve('ftjob-none')),
  409: await failure(() => client.fineTuning.jobs.create({ ...body, seed: 2 }, key)),
  408: await failure(() => client.post('/files', { body: trickle(), headers: { 'content-type': 'multipart/form-data; boundary=x' }, maxRetries: 0 })),
  413: await failure(() => client.fineTuning.jobs.create({ ...body, metadata: { long: 'x'.repeat(9 << 20) } })),
  429: await hurry(0),
  retried: await hurry(5),
  503: await failure(() => client.fineTuning.alpha.graders.run({ grader, model_sample: 'x' })),
};
console.log(JSON.stringify(result));
