// Models and their answers with the official SDK's helpers, and what is not there.
// Usage: node answers.mjs BASE_URL KEY MODEL TUNED_MODEL
import OpenAI from 'openai';

const [baseURL, apiKey, model, tuned] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, adminAPIKey: apiKey, maxRetries: 0 });
const failure = (call) => call.then(() => 'none', (error) => `${error.constructor.name} ${error.status} ${error.code} ${error.param}`);
const question = { model, messages: [{ role: 'user', content: 'Title of the act: Regulation on fishing' }], seed: 3, max_completion_tokens: 12 };
const response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: {
  type: 'object', properties: { law: { type: 'boolean' } }, required: ['law'], additionalProperties: false } } };

const parsed = (await client.chat.completions.parse({ ...question, response_format })).choices[0].message.parsed;
const stream = client.chat.completions.stream({ ...question, stream_options: { include_usage: true } });
let deltas = '';
stream.on('content', (delta) => { deltas += delta; });
const [streamed, usage] = [await stream.finalContent(), await stream.totalUsage()];
const whole = (await client.chat.completions.create(question)).choices[0].message.content;
const left = client.chat.completions.stream({ ...question, max_completion_tokens: 400 });
left.on('content', () => left.abort());
const aborted = await left.done().then(() => 'done', (error) => error.constructor.name);

const text = { model, prompt: ['Title: A', 'Title: B'], max_tokens: 8, seed: 1 };
const texts = (await client.completions.create(text)).choices.map((choice) => choice.text);
const pieces = ['', ''];
for await (const part of await client.completions.create({ ...text, stream: true })) for (const choice of part.choices) pieces[choice.index] += choice.text;

const { permissions } = client.fineTuning.checkpoints;
const shared = [(await permissions.list(tuned)).data.length, await failure(permissions.create(tuned, { project_ids: ['p'] })), await failure(permissions.delete('cp_none', { fine_tuned_model_checkpoint: tuned }))];
console.log(JSON.stringify({
  parsed: typeof parsed.law, stream: deltas === streamed && streamed === whole, usage: usage.completion_tokens > 0, aborted,
  texts: texts.length, pieces: pieces.every((piece, index) => piece === texts[index]),
  model: (await client.models.retrieve(tuned)).id === tuned, deleted: (await client.models.delete(tuned)).deleted, gone: await failure(client.models.retrieve(tuned)),
  shared,
  absent: [await failure(client.beta.assistants.list()), await failure(client.embeddings.create({ model, input: 'a' })), await failure(client.responses.create({ model, input: 'a' })), await failure(client.vectorStores.list())],
  tools: await failure(client.chat.completions.create({ ...question, tools: [{ type: 'function', function: { name: 'f' } }] })),
}));
