// The whole way of a fine-tuning job with the official SDK: only base URL, key and model differ from a script for OpenAI.
// Usage: node tune.mjs BASE_URL KEY TRAIN VALID MODEL
import fs from 'node:fs';
import OpenAI from 'openai';

const [baseURL, apiKey, train, valid, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const jobs = client.fineTuning.jobs;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const all = async (pages) => { const items = []; for await (const item of pages) items.push(item); return items; };

async function until(id, isThere) {
  for (;;) {
    const job = await jobs.retrieve(id);
    if (isThere(job) || ['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    await pause(100);
  }
}

// As in the guide to graders: several graders by name, and a formula over them.
const grader = {
  type: 'multi', name: 'labels',
  graders: {
    labels: { type: 'label_set', name: 'labels', reference: '{{item.labels}}' },
    length: { type: 'python', name: 'length', source: 'def grade(sample, item):\n    return 1.0 if 0 < len(sample["output_text"]) < 400 else 0.0' },
  },
  calculate_output: '0.9 * labels + 0.1 * length',
};

const training = await client.files.create({ file: fs.createReadStream(train), purpose: 'fine-tune' });
const validation = await client.files.create({ file: fs.createReadStream(valid), purpose: 'fine-tune' });
await client.files.waitForProcessing(training.id);
const validated = await client.fineTuning.alpha.graders.validate({ grader });
const item = JSON.parse(fs.readFileSync(train, 'utf8').split('\n')[0]);
const run = await client.fineTuning.alpha.graders.run({ grader, item, model_sample: JSON.stringify({ labels: item.labels }) });

const request = (suffix) => ({
  model, training_file: training.id, validation_file: validation.id, suffix, seed: 7,
  method: { type: 'reinforcement', reinforcement: { grader, hyperparameters: {
    n_epochs: 8, batch_size: 8, compute_multiplier: 0.5, eval_interval: 4, eval_samples: 1, max_completion_tokens: 24 } } },
});
const created = await jobs.create(request('node'));
const metrics = async () => (await all(jobs.listEvents(created.id))).filter((event) => event.type === 'metrics');
while ((await metrics()).length === 0 && (await jobs.retrieve(created.id)).status !== 'failed') await pause(100);
const paused = await jobs.pause(created.id);
const stands = await until(created.id, (job) => job.status === 'paused');
const resumed = await jobs.resume(created.id);
const job = await until(created.id, () => false);

const events = await all(jobs.listEvents(job.id, { limit: 3 }));
const checkpoints = await all(jobs.checkpoints.list(job.id, { limit: 2 }));
const csv = await (await client.files.content(job.result_files[0])).text();

const response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: {
  type: 'object', properties: { decision: { type: 'string', enum: ['approve', 'deny'] } }, required: ['decision'], additionalProperties: false } } };
const question = { model: job.fine_tuned_model, messages: [{ role: 'user', content: 'Council Regulation on fishing' }], response_format, seed: 3, max_completion_tokens: 40 };
const whole = await client.chat.completions.create({ ...question, logprobs: true, top_logprobs: 2 });
let streamed = '', usage = null;
for await (const chunk of await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } })) {
  streamed += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
const older = await client.chat.completions.create({ ...question, model: checkpoints.at(-1).fine_tuned_model_checkpoint, n: 2 });

const other = await jobs.create(request('other'));
await jobs.cancel(other.id);
const cancelled = await until(other.id, (one) => one.status === 'cancelled');
const listed = (await all(jobs.list({ limit: 1 }))).map((one) => one.id);
const models = (await all(client.models.list())).map((one) => one.id);
const deleted = [await client.files.delete(training.id), await client.files.delete(validation.id)].every((answer) => answer.deleted);

console.log(JSON.stringify({
  validated: validated.grader.type, reward: run.reward, parts: run.sub_rewards, paused: paused.status, stands: stands.status, resumed: ['queued', 'running'].includes(resumed.status),
  status: job.status, error: job.error?.message ?? null, name: /^ft:.+:default:node:[0-9a-f]{8}$/.test(job.fine_tuned_model ?? ''), trained: job.trained_tokens > 0,
  steps: events.filter((event) => typeof event.data?.train_mean_reward === 'number').length, unique: new Set(events.map((event) => event.id)).size === events.length,
  // The best three, and what the job was paused at.
  best: checkpoints.filter((checkpoint) => typeof checkpoint.metrics.full_valid_mean_reward === 'number').length, kept: checkpoints.length <= 4, csv: csv.split('\n').length > 16,
  decision: ['approve', 'deny'].includes(JSON.parse(whole.choices[0].message.content).decision), finish: whole.choices[0].finish_reason, same: streamed === whole.choices[0].message.content,
  // The token that ended the answer counts and has no text.
  usage: usage.total_tokens === whole.usage.total_tokens, tokens: whole.choices[0].logprobs.content.length + 1 === whole.usage.completion_tokens, choices: older.choices.length,
  cancelled: cancelled.status, listed: listed[0] === other.id && listed.includes(job.id), model: models.includes(job.fine_tuned_model), deleted,
}));
