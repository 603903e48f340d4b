// A broker of the test's own, and a client for it that knows only what the broker's reflection says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const loaderOptions = { longs: Number, enums: String, bytes: Buffer, oneofs: true, defaults: true };

export async function startBroker() {
  const folder = await mkdtemp(path.join(tmpdir(), 'playhead-node-'));
  const broker = spawn(process.env.BROKER_BINARY, ['serve', `--data_dir=${folder}`, '--grpc_listen=127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [ready] = await once(createInterface({ input: broker.stdout }), 'line');
  return {
    address: ready.replace(/ready grpc=(\S+).*/, '$1'),
    async stop() {
      const exit = once(broker, 'exit');
      broker.kill('SIGTERM');
      const [code] = await exit;
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

// Asks for the names of all services, and for the files that make up one.
async function reflect(address, requests) {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'reflection.proto');
  const { ServerReflection } = grpc.loadPackageDefinition(protoLoader.loadSync(file, { ...loaderOptions, keepCase: true })).grpc
    .reflection.v1alpha;
  const client = new ServerReflection(address, grpc.credentials.createInsecure());
  const call = client.ServerReflectionInfo();
  const answers = [];
  for (const request of requests) call.write(request);
  call.end();
  for await (const answer of call) answers.push(answer);
  client.close();
  return answers;
}

export async function listServices(address) {
  const [answer] = await reflect(address, [{ list_services: '*' }]);
  return answer.list_services_response.service.map((service) => service.name);
}

export async function connect(address) {
  const [answer] = await reflect(address, [{ file_containing_symbol: 'playhead.v1.EventLog' }]);
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
  const { EventLog } = grpc.loadPackageDefinition(definition).playhead.v1;
  return new EventLog(address, grpc.credentials.createInsecure());
}

// A unary call as a promise.
export function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}
