// What the official SDK makes of a delivery, as it came and tampered with. The file holds headers, body and secret of one.
// Usage: node webhook.mjs FILE
import fs from 'node:fs';
import OpenAI from 'openai';

const { headers, body, secret } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { webhooks } = new OpenAI({ apiKey: 'none', webhookSecret: secret });
const unwrap = (...delivery) => webhooks.unwrap(...delivery).then((event) => `${event.type} ${event.data.id}`, (error) => error.constructor.name);

console.log(JSON.stringify([
  await unwrap(body, headers),
  await unwrap(body.replace('"type"', '"kind"'), headers),
  await unwrap(body, { ...headers, 'webhook-id': 'evt_other' }),
  await unwrap(body, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 301) }),
  await unwrap(body, headers, `whsec_${Buffer.from('another secret, of the same length').toString('base64')}`),
]));
