// Drives the REST face with the official SDK: files, an upload in parts, a job's life, pages, errors.
// Usage: node openai.mjs BASE_URL KEY DATASET MODEL
// Whoever starts it plays Training: the first job is to succeed, the second to stop when it is cancelled.
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';

const [baseURL, apiKey, dataset, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const jobs = client.fineTuning.jobs;
const grader = { type: 'string_check', name: 'exact', input: '{{sample.output_text}}', reference: '{{item.answer}}', operation: 'eq' };

const failure = (call) => call.then(() => 'none', (error) => `${error.constructor.name} ${error.status} ${error.code} ${error.param}`);
const all = async (pages) => { const items = []; for await (const item of pages) items.push(item); return items; };

async function until(id, status) {
  for (;;) {
    const job = await jobs.retrieve(id);
    if (job.status === status) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const create = (file, run) => jobs.create({
  model, training_file: file.id, suffix: 'node', metadata: { driver: 'node', run },
  method: { type: 'reinforcement', reinforcement: { grader, hyperparameters: { n_epochs: 1 } } },
});

const file = await client.files.create({ file: fs.createReadStream(dataset), purpose: 'fine-tune' });
await client.files.waitForProcessing(file.id);
const same = await (await client.files.content(file.id)).text() === fs.readFileSync(dataset, 'utf8');
for (const name of ['1', '2', '3']) await client.files.create({ file: await toFile(Buffer.from(name), name), purpose: 'evals' });
const paged = (await all(client.files.list({ purpose: 'evals', limit: 2 }))).map((other) => other.filename).sort();

const upload = await client.uploads.create({ filename: 'parts.txt', purpose: 'user_data', bytes: 6, mime_type: 'text/plain' });
const second = await client.uploads.parts.create(upload.id, { data: await toFile(Buffer.from('def'), 'b') });
const first = await client.uploads.parts.create(upload.id, { data: await toFile(Buffer.from('abc'), 'a') });
const completed = await client.uploads.complete(upload.id, { part_ids: [first.id, second.id] });
const joined = await (await client.files.content(completed.file.id)).text();

const created = await create(file, 'first');
const job = await until(created.id, 'succeeded');
const events = await all(jobs.listEvents(job.id, { limit: 2 }));
const checkpoints = await all(jobs.checkpoints.list(job.id));
const csv = await (await client.files.content(job.result_files[0])).text();
const other = await create(file, 'second');
const cancelled = await jobs.cancel(other.id);
const listed = (await all(jobs.list({ metadata: { run: 'first' } }))).map((one) => one.id);

const errors = {
  model: await failure(jobs.create({ model: 'nothing', training_file: file.id })),
  dpo: await failure(jobs.create({ model, training_file: file.id, method: { type: 'dpo' } })),
  job: await failure(jobs.retrieve('ftjob-none')),
  ended: await failure(jobs.cancel(job.id)),
  purpose: await failure(client.files.create({ file: await toFile(Buffer.from('x'), 'x'), purpose: 'fun' })),
  key: await failure(new OpenAI({ baseURL, apiKey: 'sk-rft-wrong', maxRetries: 0 }).files.list()),
  limit: await failure(jobs.list({ limit: 1000 })),
};

console.log(JSON.stringify({
  id: job._request_id !== undefined, same, paged, joined, model: job.fine_tuned_model, first: events.at(-1).message, last: events[0].message, unique: new Set(events.map((event) => event.id)).size === events.length,
  metrics: events.find((event) => event.type === 'metrics').data.train_mean_reward, checkpoint: checkpoints[0].step_number, csv: csv.split(',')[0], cancelled: cancelled.status, listed: listed.length === 1 && listed[0] === job.id, errors,
}));
