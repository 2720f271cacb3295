// Knows nothing of the API but its address: learns it by server reflection, then calls a method of it.
// Usage: node reflect.js HOST:PORT REFLECTION_PROTO KEY_FILE SERVICE METHOD
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, proto, keyFile, service, method] = process.argv.slice(2);
const insecure = grpc.credentials.createInsecure();
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${fs.readFileSync(keyFile, 'utf8').trim()}`);
const at = (root, name) => name.split('.').reduce((inner, part) => inner[part], root);

function ask(client, requests, headers) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const call = client.serverReflectionInfo(headers);
    call.on('data', (answer) => answers.push(answer));
    call.on('error', reject);
    call.on('end', () => resolve(answers));
    requests.forEach((request) => call.write(request));
    call.end();
  });
}

// google.protobuf.FileDescriptorSet: each file is field 1, with its length before it.
function setOf(files) {
  return Buffer.concat(files.flatMap((file) => {
    const length = [];
    for (let left = file.length; ; left >>= 7) {
      if (left < 128) { length.push(left); break; }
      length.push((left & 127) | 128);
    }
    return [Buffer.from([10, ...length]), file];
  }));
}

async function main() {
  const reflection = grpc.loadPackageDefinition(loader.loadSync(proto, { defaults: true, oneofs: true })).grpc.reflection;
  const client = new (Object.values(reflection)[0].ServerReflection)(address, insecure);
  const stranger = await ask(client, [{ listServices: '' }], new grpc.Metadata()).catch((error) => error.code);
  const [list, file, unknown] = await ask(client, [{ listServices: '' }, { fileContainingSymbol: service }, { fileContainingSymbol: 'no.Such' }], metadata);

  const files = file.fileDescriptorResponse.fileDescriptorProto;
  const learned = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(setOf(files), { defaults: true }));
  const api = new (at(learned, service))(address, insecure);
  const reply = await new Promise((resolve, reject) => api[method]({}, metadata, (error, value) => (error ? reject(error) : resolve(value))));
  console.log(JSON.stringify({
    stranger, services: list.listServicesResponse.service.map((one) => one.name), files: files.length,
    unknown: unknown.errorResponse.errorCode, reply,
  }));
  client.close();
  api.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
