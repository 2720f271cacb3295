// Calls every kind of method of probe.v1.Probe and prints what it saw as one JSON object.
// Usage: node probe.js HOST:PORT PROTO_FILE
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, proto] = process.argv.slice(2);
const definition = loader.loadSync(proto, { longs: Number, defaults: true });
const { Probe } = grpc.loadPackageDefinition(definition).probe.v1;
const insecure = grpc.credentials.createInsecure();
const client = new Probe(address, insecure);
const gzip = new Probe(address, insecure, { 'grpc.default_compression_algorithm': 2 });

const soon = () => ({ deadline: new Date(Date.now() + 150) });
const failure = (error) => ({ code: error.code, details: error.details });

function unary(method, request, { on = client, metadata = new grpc.Metadata(), options = {} } = {}) {
  return new Promise((resolve) => {
    const seen = {};
    const call = on[method](request, metadata, options, (error, reply) => Object.assign(seen, { reply, error: error && failure(error) }));
    call.on('metadata', (headers) => { seen.headers = headers; });
    // The status comes last, after the callback.
    call.on('status', (status) => resolve({ ...seen, trailers: status.metadata }));
  });
}

function collect(call, onData = () => {}) {
  return new Promise((resolve) => {
    const items = [];
    call.on('data', (item) => { items.push(item); onData(item); });
    call.on('error', (error) => resolve({ items, error: failure(error) }));
    call.on('end', () => resolve({ items }));
  });
}

async function sum() {
  return new Promise((resolve) => {
    const call = client.sum((error, reply) => resolve(error ? failure(error) : reply.value));
    for (let value = 1; value <= 100; value++) call.write({ value });
    call.end();
  });
}

async function chat() {
  const words = ['eins', 'zwei'];
  const call = client.chat();
  call.write({ text: words.shift() });
  const { items } = await collect(call, () => (words.length ? call.write({ text: words.shift() }) : call.end()));
  return items.map((item) => item.text);
}

async function cancel() {
  const call = client.count({ count: 1, stay: true });
  const { items, error } = await collect(call, () => call.cancel());
  return { received: items.length, code: error.code };
}

async function mirror() {
  const metadata = new grpc.Metadata();
  metadata.add('x-text', 'hello');
  metadata.add('x-blob-bin', Buffer.from([0, 254, 255]));
  const { headers, trailers } = await unary('mirror', {}, { metadata });
  return {
    headers: [headers.get('h-text')[0], headers.get('h-blob-bin')[0].toString('hex')],
    trailers: [trailers.get('t-text')[0], trailers.get('t-blob-bin')[0].toString('hex')],
  };
}

async function main() {
  const failed = await unary('fail', { code: 3, detail: 'größer als 0 — 次' });
  const counted = await collect(client.count({ count: 5000, padding: 100 }));
  console.log(JSON.stringify({
    echo: (await unary('echo', { text: 'Grüße, 世界' })).reply.text,
    gzip: (await unary('echo', { text: 'x'.repeat(10000) }, { on: gzip })).reply.text.length,
    tooLarge: (await unary('echo', { data: Buffer.alloc(5 << 20) })).error.code,
    sum: await sum(),
    inOrder: counted.items.length === 5000 && counted.items.every((item, i) => item.value === i + 1),
    chat: await chat(),
    mirror: await mirror(),
    failed: { ...failed.error, reason: failed.trailers.get('reason')[0], rich: failed.trailers.get('grpc-status-details-bin')[0].length > 0 },
    deadline: (await unary('hang', {}, { options: soon() })).error.code,
    missing: (await unary('missing', {})).error.code,
    cancel: await cancel(),
  }));
  client.close();
  gzip.close();
}

main();
