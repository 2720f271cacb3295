// Drives the whole gRPC surface from the .proto files alone: every method of every service is called, in all four kinds of call.
// Usage: node surface.js HOST:PORT KEY PROTO_ROOT SERVER_PROTO_ROOT DATASET VALIDATION GRADER MODEL
'use strict';
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const [address, key, protoRoot, serverRoot, dataset, validation, grader, model] = process.argv.slice(2);
const graderJson = fs.readFileSync(grader, 'utf8');
const files = ['rft/jobs/v1', 'rft/grading/v1'].flatMap((folder) => fs.readdirSync(path.join(protoRoot, folder)).map((file) => `${folder}/${file}`));
const definition = loader.loadSync([...files, 'grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto'],
  { includeDirs: [protoRoot, serverRoot], enums: String, longs: Number, defaults: true, oneofs: true });
const services = Object.fromEntries(Object.entries(definition).filter(([, type]) => !type.format));
const clients = Object.fromEntries(Object.entries(services).map(([name, service]) =>
  [name.split('.').pop(), new (grpc.makeGenericClientConstructor(service, name))(address, grpc.credentials.createInsecure())]));
const called = new Set();

function metadataOf(secret) {
  const metadata = new grpc.Metadata();
  if (secret) metadata.set('authorization', `Bearer ${secret}`);
  return metadata;
}

// One call of any kind: requests are sent one after the other, answers collected; `until` cancels the stream at the first answer it holds for.
function call(name, requests = {}, { secret = key, seconds = 120, until } = {}) {
  const [service, method] = name.split('/');
  const full = Object.keys(services).find((known) => known.endsWith(`.${service}`));
  const { requestStream, responseStream } = services[full][method];
  called.add(`${full}/${method}`);
  return new Promise((resolve, reject) => {
    const answers = [];
    const [metadata, options] = [metadataOf(secret), { deadline: Date.now() + seconds * 1000 }];
    const callback = responseStream ? [] : [(error, answer) => (error ? reject(error) : resolve(answer))];
    const started = clients[service][method](...(requestStream ? [] : [requests]), metadata, options, ...callback);
    if (responseStream) {
      started.on('data', (answer) => { answers.push(answer); if (until?.(answer)) started.cancel(); });
      started.on('error', (error) => (until && error.code === grpc.status.CANCELLED ? resolve(answers) : reject(error)));
      started.on('end', () => resolve(answers));
    }
    if (!requestStream) return;
    requests.forEach((request) => started.write(request));
    started.end();
  });
}

// google.rpc.Status as it stands in the trailers of a failed call.
const rich = protobuf.parse(`syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }`).root;

function detailsOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = rich.lookupType('Status').decode(bytes);
  return status.details.map((any) => rich.lookupType(any.typeUrl.split('.').pop()).decode(any.value));
}

const codeOf = (promise) => promise.then(() => 'OK', (error) => grpc.status[error.code]);
const failureOf = (promise) => promise.then(() => { throw new Error('the call did not fail'); }, (error) => error);

// A tenant may make so many calls a second.
async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function upload(file) {
  const bytes = fs.readFileSync(file);
  const parts = [];
  for (let at = 0; at < bytes.length; at += 10000) parts.push({ data: bytes.subarray(at, at + 10000) });
  return call('FileService/UploadFile', [{ header: { filename: path.basename(file), purpose: 'fine-tune' } }, ...parts]);
}

async function tryFilesAndGraders(result, file) {
  result.health = (await call('Health/Check')).status;
  result.watched = (await call('Health/Watch', {}, { until: () => true })).map((answer) => answer.status);
  result.rows = file.rows;
  result.file = (await call('FileService/GetFile', { fileId: file.id })).digest === file.digest;
  result.listed = (await call('FileService/ListFiles')).files.some((other) => other.id === file.id);
  result.bytes = Buffer.concat((await call('FileService/DownloadFile', { fileId: file.id })).map((part) => part.data)).equals(fs.readFileSync(dataset));
  const row = fs.readFileSync(dataset, 'utf8').split('\n')[0];
  result.grader = (await call('GraderWorkbench/Validate', { graderJson })).type;
  result.reward = (await call('GraderWorkbench/Run', { graderJson, itemJson: row, modelSample: JSON.stringify({ labels: JSON.parse(row).labels }) })).reward;
  const tested = await call('GraderWorkbench/Test', [{ setup: { graderJson, datasetId: file.id, answerColumn: '{"labels":{{item.labels}}}' } }]);
  result.tested = tested.at(-1).report.rewards.mean;
}

async function tryJobs(result, file) {
  const create = {
    model, trainingDatasetId: file.id, validationDatasetId: (await upload(validation)).id, graderJson, suffix: 'node', metadata: { from: 'node' },
    hyperparameters: { steps: 6, promptsPerStep: 8, groupSize: 4, maxCompletionTokens: 24, evalInterval: 3, evalSamples: 1 },
  };
  const refused = await failureOf(call('JobService/CreateJob', { ...create, model: 'no-such-model', graderJson: '{}' }));
  result.refused = [grpc.status[refused.code], detailsOf(refused)[0].fieldViolations.map((violation) => violation.field)];

  const job = (await call('JobService/CreateJob', { ...create, seed: 7 })).id;
  const events = await call('JobService/WatchJob', { jobId: job }, { until: (event) => event.stepTrained });
  result.seen = [...new Set(events.map((event) => event.stateChanged?.state ?? event.event))];
  await call('JobService/PauseJob', { jobId: job });
  await until(async () => (await call('JobService/GetJob', { jobId: job })).state !== 'JOB_STATE_PAUSING');
  result.late = await codeOf(call('JobService/WatchJob', { jobId: job }, { seconds: 0.3 }));
  await call('JobService/ResumeJob', { jobId: job });
  const rest = await call('JobService/WatchJob', { jobId: job, afterSequence: events.at(-1).sequence });
  result.gapless = rest.every((event, index) => event.sequence === events.at(-1).sequence + index + 1);
  const done = await call('JobService/GetJob', { jobId: job });
  result.state = done.state + (done.error?.message ?? '');
  result.jobs = (await call('JobService/ListJobs', { metadata: { from: 'node' } })).jobs.map((one) => one.id === job);
  result.newest = (await call('JobService/ListEvents', { jobId: job, pageSize: 1 })).events[0].sequence === rest.at(-1).sequence;
  const kept = (await call('JobService/ListCheckpoints', { jobId: job })).checkpoints;
  result.kept = kept.some((checkpoint) => checkpoint.step === 6);
  result.rollouts = (await call('JobService/ListRollouts', { jobId: job, step: 1 })).rollouts.length;
  result.lineage = (await call('JobService/GetLineage', { model: done.tunedModel })).length > 6;

  const other = (await call('JobService/CreateJob', create)).id;
  await call('JobService/CancelJob', { jobId: other });
  result.cancelled = (await call('JobService/WatchJob', { jobId: other })).at(-1).stateChanged.state;
  result.again = await codeOf(call('JobService/CancelJob', { jobId: other }));
  return [done.tunedModel, kept.at(-1).model];
}

async function tryModels(result, tuned, checkpoint) {
  const ask = { model: tuned, messages: [{ role: 'user', content: 'Council Regulation on fishing' }], seed: 3, maxCompletionTokens: 20 };
  result.chat = (await call('ChatService/Complete', ask)).at(-1).usage.completionTokens > 0;
  result.hurried = (await call('ChatService/Complete', ask, { until: () => true })).length;
  const models = (await call('ModelService/ListModels')).models.map((one) => one.name);
  result.models = models.includes(model) && models.includes(tuned);
  result.model = (await call('ModelService/GetModel', { name: tuned })).name === tuned;
  result.export = (await call('ModelService/ExportModel', { name: tuned })).some((part) => part.file?.name === 'config.json');
  await call('ModelService/DeleteModel', { name: checkpoint });
  result.deleted = await codeOf(call('ModelService/GetModel', { name: checkpoint }));
}

async function tryEvals(result, tuned) {
  const id = { evalId: (await call('EvalService/CreateEval', { name: 'from node', dataSourceConfigJson: '{"type":"custom"}', testingCriteriaJson: [graderJson] })).id };
  await call('EvalService/UpdateEval', { ...id, name: 'renamed' });
  result.eval = (await call('EvalService/GetEval', id)).name;
  result.evals = (await call('EvalService/ListEvals')).evals.some((one) => one.id === id.evalId);
  const content = fs.readFileSync(dataset, 'utf8').split('\n').slice(0, 4).map((line) => ({ item: JSON.parse(line) }));
  const dataSourceJson = JSON.stringify({ type: 'completions', model: tuned, source: { type: 'file_content', content }, sampling_params: { max_completion_tokens: 24, seed: 1 } });
  const run = { ...id, runId: (await call('EvalService/CreateEvalRun', { ...id, dataSourceJson })).id };
  await until(async () => !['EVAL_RUN_STATE_QUEUED', 'EVAL_RUN_STATE_IN_PROGRESS'].includes((await call('EvalService/GetEvalRun', run)).state));
  const [ended] = (await call('EvalService/ListEvalRuns', id)).runs;
  result.run = [ended.state, ended.passed + ended.failed];
  const [item] = (await call('EvalService/ListOutputItems', run)).items;
  result.item = (await call('EvalService/GetOutputItem', { ...run, outputItemId: item.id })).input[0].role;
  result.ended = await codeOf(call('EvalService/CancelEvalRun', run));
  await call('EvalService/DeleteEvalRun', run);
  await call('EvalService/DeleteEval', id);
}

async function tryTheRest(result, file) {
  const { webhook } = await call('WebhookService/CreateWebhook', { url: 'http://127.0.0.1:1/' });
  result.hooks = (await call('WebhookService/ListWebhooks')).webhooks.some((one) => one.id === webhook.id);
  await call('WebhookService/ListDeliveries', { webhookId: webhook.id });
  await call('WebhookService/DeleteWebhook', { webhookId: webhook.id });

  const made = await call('KeyService/CreateKey', { name: 'node', role: 'ROLE_VIEWER', tenant: 'node' });
  result.keys = (await call('KeyService/ListKeys', { tenant: 'node' })).keys.map((one) => one.id === made.key.id);
  result.viewer = await codeOf(call('FileService/DeleteFile', { fileId: file.id }, { secret: made.secret }));
  await call('KeyService/SetLimits', { limits: { tenant: 'node', requestsPerSecond: 1 } });
  result.limit = (await call('KeyService/GetLimits', { tenant: 'node' })).requestsPerSecond;
  const hasty = await Promise.all(Array.from({ length: 20 }, () => call('ModelService/ListModels', {}, { secret: made.secret }).catch((error) => error)));
  const limited = hasty.find((answer) => answer.code === grpc.status.RESOURCE_EXHAUSTED);
  const { retryDelay } = detailsOf(limited)[0];
  result.wait = Number(retryDelay.seconds) + retryDelay.nanos > 0;
  await call('KeyService/RevokeKey', { keyId: made.key.id });
  result.revoked = await codeOf(call('ModelService/ListModels', {}, { secret: made.secret }));
  result.audit = (await call('KeyService/ListAuditEvents', { tenant: 'node', pageSize: 100 })).events.length > 0;
  await call('FileService/DeleteFile', { fileId: file.id });
  result.gone = await codeOf(call('FileService/GetFile', { fileId: file.id }));
  const strange = await failureOf(call('JobService/ListJobs', {}, { secret: null }));
  result.strange = [grpc.status[strange.code], strange.details.startsWith('no valid API key')];
}

async function main() {
  const result = {};
  const file = await upload(dataset);
  await tryFilesAndGraders(result, file);
  const [tuned, checkpoint] = await tryJobs(result, file);
  await tryModels(result, tuned, checkpoint);
  await tryEvals(result, tuned);
  await tryTheRest(result, file);

  const [{ listServicesResponse }] = await call('ServerReflection/ServerReflectionInfo', [{ listServices: '*' }]);
  result.unknown = listServicesResponse.service.map((one) => one.name).filter((name) => !services[name] && !name.endsWith('v1alpha.ServerReflection'));
  result.missing = Object.entries(services).flatMap(([name, service]) => Object.keys(service).map((method) => `${name}/${method}`)).filter((one) => !called.has(one));
  console.log(JSON.stringify(result));
}

main().then(() => Object.values(clients).forEach((client) => client.close()), (error) => { console.error(error); process.exit(1); });
