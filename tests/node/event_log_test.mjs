import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import grpc from '@grpc/grpc-js';

import { Broker } from '../support/node/broker.mjs';
import { call, connect, listServices } from './grpc_client.mjs';

describe('the event log from Node, through reflection', () => {
  let broker;
  let client;
  before(async () => {
    broker = await Broker.start({ open: true });
    client = await connect(broker.grpcAddress);
  });
  after(async () => {
    client.close();
    await broker.close();
  });

  // protobufjs shows a map that it knows from a descriptor as what it is on the wire: entries.
  const attributes = [{ key: 'source', value: 'node' }];
  const event = (n) => ({ type: 'number', data: Buffer.from(JSON.stringify({ n })), attributes });
  const numbers = (events) => events.map((e) => JSON.parse(e.data).n);

  it('lists the event log, health and reflection as its services', async () => {
    const services = await listServices(broker.grpcAddress);
    for (const name of ['playhead.v1.EventLog', 'grpc.health.v1.Health', 'grpc.reflection.v1alpha.ServerReflection']) {
      assert.ok(services.includes(name), `${name} in ${services}`);
    }
  });

  it('appends a batch with contiguous cursors, on disk', async () => {
    const reply = await call(client, 'Append', { instance: 'append', events: [event(1), event(2), event(3)] });
    assert.deepEqual(reply.cursors, [1, 2, 3]);
    assert.equal(reply.head_cursor, 3);
    assert.equal(reply.durability, 'DURABILITY_DISK');
  });

  it('answers a repeated append with the first cursors', async () => {
    const request = { instance: 'repeat', events: [event(1), event(2)], producer: { id: 'node', sequence: 1 } };
    await call(client, 'Append', request);
    const again = await call(client, 'Append', request);
    assert.deepEqual(again.cursors, [1, 2]);
    assert.deepEqual(again.duplicates, [0, 1]);
    assert.equal(again.head_cursor, 2);
  });

  it('replies to pipelined appends in order', async () => {
    const stream = client.AppendStream();
    for (let n = 1; n <= 200; n++) stream.write({ instance: 'pipeline', events: [event(n)] });
    stream.end();
    const cursors = [];
    for await (const reply of stream) cursors.push(...reply.appended.cursors);
    assert.deepEqual(cursors, Array.from({ length: 200 }, (_, i) => i + 1));
  });

  it('fetches what was missed, page by page, both ways', async () => {
    const events = Array.from({ length: 25 }, (_, i) => event(i + 1));
    await call(client, 'Append', { instance: 'fetch', events });
    const page = await call(client, 'FetchMissed', { instance: 'fetch', start: { after_cursor: 5 }, limit: 10 });
    assert.deepEqual(numbers(page.events), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert.equal(page.next_cursor, 15);
    assert.equal(page.head_cursor, 25);
    assert.equal(page.end_reached, false);
    assert.deepEqual(page.events[0].attributes, attributes);
    const rest = await call(client, 'FetchMissed', { instance: 'fetch', start: { after_cursor: page.next_cursor } });
    assert.equal(rest.events.length, 10);
    assert.equal(rest.end_reached, true);
    const newest = await call(client, 'FetchMissed', { instance: 'fetch', start: { beginning: {} }, limit: 2, reverse: true });
    assert.deepEqual(numbers(newest.events), [25, 24]);
  });

  it('streams history, then live, and says where it stands', async () => {
    await call(client, 'Append', { instance: 'live', events: [event(1), event(2)] });
    const stream = client.Subscribe({ instance: 'live', start: { after_cursor: 1 } });
    const seen = [];
    const notices = [];
    for await (const message of stream) {
      if (message.notice) notices.push(message.notice);
      seen.push(...numbers(message.events));
      if (message.notice === 'caught_up') await call(client, 'Append', { instance: 'live', events: [event(3)] });
      if (seen.length === 2) break;
    }
    stream.cancel();
    assert.deepEqual(seen, [2, 3]);
    assert.deepEqual(notices.slice(0, 2), ['start', 'caught_up']);
  });

  it('lists instances by prefix, page by page', async () => {
    for (const name of ['list-c', 'list-a', 'list-b']) await call(client, 'Append', { instance: name, events: [event(1)] });
    const first = await call(client, 'ListInstances', { prefix: 'list-', page_size: 2 });
    assert.deepEqual(first.instances.map((i) => [i.name, i.head_cursor, i.event_count]), [['list-a', 1, 1], ['list-b', 1, 1]]);
    const second = await call(client, 'ListInstances', { prefix: 'list-', page_size: 2, page_token: first.next_page_token });
    assert.deepEqual(second.instances.map((i) => i.name), ['list-c']);
    assert.equal(second.next_page_token, '');
  });

  it('deletes an instance, whose name then has new cursors', async () => {
    await call(client, 'Append', { instance: 'gone', events: [event(1)] });
    await call(client, 'DeleteInstance', { instance: 'gone' });
    await assert.rejects(call(client, 'GetInstance', { instance: 'gone' }), { code: grpc.status.NOT_FOUND });
    const reply = await call(client, 'Append', { instance: 'gone', events: [event(2)] });
    assert.ok(reply.cursors[0] > 2 ** 40, `${reply.cursors[0]} is of a later epoch`);
    assert.ok(Number.isSafeInteger(reply.cursors[0]));
  });

  it('gives the reason of an error in trailers', async () => {
    const trailers = (error) => [error.code, error.metadata.get('error-code')[0], error.metadata.get('x-retryable')[0]];
    const refusal = (method, request) => call(client, method, request).then(() => assert.fail('was not refused'), trailers);
    assert.deepEqual(await refusal('Append', { instance: 'no spaces', events: [event(1)] }), [
      grpc.status.INVALID_ARGUMENT, 'INSTANCE_NAME_INVALID', 'false',
    ]);
    assert.deepEqual(await refusal('FetchMissed', { instance: 'append', start: { after_cursor: 99 } }), [
      grpc.status.OUT_OF_RANGE, 'CURSOR_DIVERGED', 'false',
    ]);
    assert.deepEqual(await refusal('Append', { instance: 'append', events: [event(1)], expected_cursor: 1 }), [
      grpc.status.FAILED_PRECONDITION, 'CURSOR_MISMATCH', 'false',
    ]);
  });
});
