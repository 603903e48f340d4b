// A broker of the test's own, and a client for it that knows only what the broker's reflection says.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const loaderOptions = { longs: Number, enums: String, bytes: Buffer, oneofs: true, defaults: true };

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

// `secured`: with TLS, and with an administrator, whose secret is the broker's `administrator`.
export async function startBroker({ secured = false } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'playhead-node-'));
  let broker;
  // Whatever happens, nothing is left behind.
  process.once('exit', () => {
    broker?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name) => path.join(folder, name);
  const flags = [`--data_dir=${file('data')}`, '--grpc_listen=127.0.0.1:0'];
  const administrator = 'the-administrator-of-a-test-from-node';
  if (secured) {
    await promisify(execFile)(process.env.BROKER_BINARY, ['tls', 'dev-cert', folder], { env });
    await writeFile(file('administrator'), administrator, { mode: 0o600 });
    flags.push(`--tls_cert=${file('cert.pem')}`, `--tls_key=${file('key.pem')}`);
    flags.push(`--admin_secret_file=${file('administrator')}`);
  }
  broker = spawn(process.env.BROKER_BINARY, ['serve', ...flags], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [ready] = await once(createInterface({ input: broker.stdout }), 'line');
  return {
    address: ready.replace(/ready grpc=(\S+).*/, '$1'),
    administrator,
    // What the authority of its certificate is known by.
    authority: secured ? await readFile(file('ca.pem')) : undefined,
    async stop() {
      const exit = once(broker, 'exit');
      broker.kill('SIGTERM');
      const [code] = await exit;
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

const insecure = grpc.credentials.createInsecure();

// Credentials of a channel over TLS, on which every call carries `secret`, if there is one.
export function credentialsOf(broker, secret) {
  const channel = grpc.credentials.createSsl(broker.authority);
  if (secret === undefined) return channel;
  const bearer = grpc.credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${secret}`);
    done(null, metadata);
  });
  return grpc.credentials.combineChannelCredentials(channel, bearer);
}

// Asks for the names of all services, and for the files that make up one.
async function reflect(address, requests, credentials) {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'reflection.proto');
  const { ServerReflection } = grpc.loadPackageDefinition(protoLoader.loadSync(file, { ...loaderOptions, keepCase: true })).grpc
    .reflection.v1alpha;
  const client = new ServerReflection(address, credentials);
  const call = client.ServerReflectionInfo();
  const answers = [];
  for (const request of requests) call.write(request);
  call.end();
  for await (const answer of call) answers.push(answer);
  client.close();
  return answers;
}

export async function listServices(address, credentials = insecure) {
  const [answer] = await reflect(address, [{ list_services: '*' }], credentials);
  return answer.list_services_response.service.map((service) => service.name);
}

// A client of one of the services of playhead.v1.
export async function connect(address, { service = 'EventLog', credentials = insecure } = {}) {
  const symbol = `playhead.v1.${service}`;
  const [answer] = await reflect(address, [{ file_containing_symbol: symbol }], credentials);
  // A FileDescriptorSet is `repeated FileDescriptorProto file = 1`.
  const files = answer.file_descriptor_response.file_descriptor_proto.map((file) => {
    const length = [];
    for (let rest = file.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from([0x0a, ...length]), file]);
  });
  const definition = protoLoader.loadFileDescriptorSetFromBuffer(Buffer.concat(files), loaderOptions);
  const Client = grpc.loadPackageDefinition(definition).playhead.v1[service];
  return new Client(address, credentials);
}

// A unary call as a promise.
export function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}
