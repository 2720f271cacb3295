// Evals with the official SDK: rows given, rows of a file, rows that a model answers, and what comes of them.
// Usage: node evals.mjs BASE_URL KEY MODEL
import OpenAI, { toFile } from 'openai';

const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const { runs } = client.evals;
const all = async (pages) => { const items = []; for await (const item of pages) items.push(item); return items; };
const failure = (call) => call.then(() => 'none', (error) => `${error.constructor.name} ${error.status} ${error.code} ${error.param}`);

async function end(run) {
  while (['queued', 'in_progress'].includes(run.status)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    run = await runs.retrieve(run.id, { eval_id: run.eval_id });
  }
  return run;
}

const exact = { type: 'string_check', name: 'exact', input: '{{ sample.output_text }}', reference: '{{ item.answer }}', operation: 'eq' };
const close = { type: 'text_similarity', name: 'close', input: '{{ sample.output_text }}', reference: '{{ item.answer }}', evaluation_metric: 'fuzzy_match', pass_threshold: 0.6 };
const item_schema = { type: 'object', properties: { question: { type: 'string' }, answer: { type: 'string' } }, required: ['question', 'answer'] };
const made = await client.evals.create({ name: 'capitals', metadata: { from: 'node' }, data_source_config: { type: 'custom', item_schema, include_sample_schema: true }, testing_criteria: [exact, close] });
const renamed = await client.evals.update(made.id, { name: 'cities' });
const retrieved = await client.evals.retrieve(made.id);
const listed = (await all(client.evals.list({ limit: 1, order: 'desc' }))).map((one) => one.id);

const row = (question, answer, output_text) => ({ item: { question, answer }, ...(output_text && { sample: { output_text } }) });
const answered = [row('France?', 'Paris', 'Paris'), row('Spain?', 'Madrid', 'Madird'), row('Italy?', 'Rome', 'Oslo')];
const inline = await end(await runs.create(made.id, { name: 'inline', metadata: { a: 'b' }, data_source: { type: 'jsonl', source: { type: 'file_content', content: answered } } }));
const file = await client.files.create({ file: await toFile(Buffer.from(answered.map((one) => JSON.stringify(one)).join('\n')), 'rows.jsonl'), purpose: 'evals' });
const fromFile = await end(await runs.create(made.id, { data_source: { type: 'jsonl', source: { type: 'file_id', id: file.id } } }));

const completions = (content, sampling_params) => ({
  type: 'completions', model, sampling_params, source: { type: 'file_content', content },
  input_messages: { type: 'template', template: [
    { type: 'message', role: 'developer', content: { type: 'input_text', text: 'Name the domains.' } },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Title of the act: ' }, { type: 'input_text', text: '{{ item.question }}' }] }] },
});
const asked = await end(await runs.create(made.id, { data_source: completions([row('Fishing', 'x'), row('Trade', 'y')], { temperature: 0, top_p: 1, seed: 5, max_completion_tokens: 12 }) }));
const many = await runs.create(made.id, { name: 'long', data_source: completions(Array.from({ length: 2000 }, (_, i) => row(`Act ${i}`, 'x')), { max_completion_tokens: 64 }) });
const canceled = await runs.cancel(many.id, { eval_id: made.id });

const items = await all(runs.outputItems.list(inline.id, { eval_id: made.id, limit: 2 }));
const failed = await all(runs.outputItems.list(inline.id, { eval_id: made.id, status: 'fail' }));
const item = await runs.outputItems.retrieve(items[1].id, { eval_id: made.id, run_id: inline.id });
const [answer] = await all(runs.outputItems.list(asked.id, { eval_id: made.id }));
const done = (await all(runs.list(made.id, { limit: 1, status: 'completed' }))).map((run) => run.id);

const errors = {
  criterion: await failure(client.evals.create({ data_source_config: { type: 'custom', item_schema }, testing_criteria: [exact, { ...close, evaluation_metric: 'magic' }] })),
  config: await failure(client.evals.create({ data_source_config: { type: 'logs' }, testing_criteria: [exact] })),
  source: await failure(runs.create(made.id, { data_source: { type: 'responses', model } })),
  model: await failure(runs.create(made.id, { data_source: { type: 'completions', source: { type: 'file_content', content: [row('a', 'b')] } } })),
  rows: await failure(runs.create(made.id, { data_source: { type: 'jsonl', source: { type: 'file_content', content: [{ item: { question: 1 } }] } } })),
  limit: await failure(runs.list(made.id, { limit: 1000 })),
  again: await failure(runs.cancel(many.id, { eval_id: made.id })),
  run: await failure(runs.retrieve('evalrun_none', { eval_id: made.id })),
};
const gone = [(await runs.delete(many.id, { eval_id: made.id })).deleted, (await client.evals.delete(made.id)).deleted, await failure(client.evals.retrieve(made.id))];

const counts = (run) => [run.status, ...Object.values(run.result_counts)].join(' ');
console.log(JSON.stringify({
  eval: [made.object, renamed.name, retrieved.name, retrieved.metadata.from, retrieved.testing_criteria.length, listed[0] === made.id],
  inline: counts(inline), file: counts(fromFile), criteria: inline.per_testing_criteria_results.map((one) => `${one.testing_criteria} ${one.passed}`),
  items: items.map((one) => one.status), failed: failed.length, item: [item.datasource_item.answer, ...item.results.map((result) => result.passed)],
  asked: [asked.status, asked.result_counts.total, asked.per_model_usage[0].invocation_count], roles: answer.sample.input.map((message) => `${message.role}: ${message.content}`),
  answer: answer.sample.output[0].content.length > 0 && answer.sample.usage.completion_tokens > 0 && answer.sample.seed, done: done.length, canceled: canceled.status, errors, gone,
}));
