// Clients of a broker that know only what its reflection says.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const loaderOptions = { longs: Number, enums: String, bytes: Buffer, oneofs: true, defaults: true };

const insecure = grpc.credentials.createInsecure();

// Credentials of a channel over TLS, on which every call carries `secret`, if there is one.
export function credentialsOf(broker, secret) {
  const channel = grpc.credentials.createSsl(readFileSync(broker.caFile));
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
  const file = fileURLToPath(new URL('reflection.proto', import.meta.url));
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
