import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import grpc from '@grpc/grpc-js';

import { Broker, devCertificate } from '../support/node/broker.mjs';
import { call, connect, credentialsOf } from './grpc_client.mjs';

describe('keys over TLS from Node', { timeout: 600_000 }, () => {
  let broker;
  let keys;
  const clients = [];
  before(async () => {
    broker = await Broker.start({ tls: devCertificate });
    keys = await open(broker.adminSecret, 'Keys');
  });
  after(async () => {
    for (const client of clients) client.close();
    await broker.close();
  });

  async function open(secret, service) {
    const client = await connect(broker.grpcAddress, { service, credentials: credentialsOf(broker, secret) });
    clients.push(client);
    return client;
  }

  const createKey = (permissions, instances) =>
    call(keys, 'Create', { name: 'node', permissions: permissions.map((name) => `PERMISSION_${name}`), instances });
  const append = (client, instance) => call(client, 'Append', { instance, events: [{ type: 'text' }] });
  const refusal = (promise) =>
    promise.then(
      () => assert.fail('was not refused'),
      (error) => [error.code, ...error.metadata.get('error-code')],
    );
  const unauthenticated = [grpc.status.UNAUTHENTICATED, 'UNAUTHENTICATED'];
  const denied = [grpc.status.PERMISSION_DENIED, 'PERMISSION_DENIED'];

  it('let through to the instances and the calls that they cover', async () => {
    const { secret } = await createKey(['APPEND', 'SUBSCRIBE'], ['mine', 'ours-*']);
    const client = await open(secret);
    for (const instance of ['mine', 'ours-1']) {
      assert.deepEqual((await append(client, instance)).cursors, [1]);
      const { events } = await call(client, 'FetchMissed', { instance, start: { after_cursor: 0 } });
      assert.equal(events.length, 1);
    }
    for (const instance of ['theirs', 'mine-too', 'playhead.audit']) {
      assert.deepEqual(await refusal(append(client, instance)), denied);
      assert.deepEqual(await refusal(call(client, 'FetchMissed', { instance, start: { beginning: {} } })), denied);
    }
    assert.deepEqual(await refusal(call(client, 'DeleteInstance', { instance: 'mine' })), denied);
    const { instances } = await call(client, 'ListInstances', {});
    assert.deepEqual(instances.map(({ name }) => name), ['mine', 'ours-1']);
  });

  it('are needed, and must be right', async () => {
    const { secret } = await createKey(['APPEND'], ['*']);
    const wrong = secret.slice(0, -5) + (secret.endsWith('AAAAA') ? 'BBBBB' : 'AAAAA');
    for (const given of [undefined, 'no-key', wrong]) {
      assert.deepEqual(await refusal(append(await open(given), 'any')), unauthenticated);
    }
  });

  it('end streams when they are revoked', async () => {
    const { key, secret } = await createKey(['SUBSCRIBE'], ['*']);
    const stream = (await open(secret)).Subscribe({ instance: 'watched', start: { beginning: {} } });
    await assert.rejects(
      async () => {
        for await (const { notice } of stream) if (notice === 'start') await call(keys, 'Revoke', { id: key.id });
      },
      (error) => {
        assert.deepEqual([error.code, ...error.metadata.get('error-code')], [grpc.status.UNAUTHENTICATED, 'KEY_REVOKED']);
        return true;
      },
    );
  });

  it('do not travel in the clear: the port speaks TLS only', async () => {
    await assert.rejects(connect(broker.grpcAddress), { code: grpc.status.UNAVAILABLE });
  });
});
