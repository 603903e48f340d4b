import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Broker } from '../support/node/broker.mjs';
import { call, connect } from './grpc_client.mjs';

describe('consumers from Node, through reflection', () => {
  let broker;
  let log;
  let consumers;
  before(async () => {
    broker = await Broker.start({ open: true });
    log = await connect(broker.grpcAddress);
    consumers = await connect(broker.grpcAddress, { service: 'Consumers' });
  });
  after(async () => {
    log.close();
    consumers.close();
    await broker.close();
  });

  const append = (instance, count) =>
    call(log, 'Append', { instance, events: Array.from({ length: count }, () => ({ type: 'order.paid' })) });

  const create = (name, instance) => ({ config: { name, source: { instance } }, start: { beginning: {} } });

  // The basic loop of a client: handles what comes, acknowledges it, and ends once `count` events are confirmed.
  async function consume(open, count, handle) {
    const stream = consumers.Consume();
    stream.write({ open });
    let number = 0;
    let handled = 0;
    for await (const message of stream) {
      for (const event of message.events) handle(message.instance, event.cursor);
      if (message.events.length > 0) {
        handled += message.events.length;
        const up_to_cursor = message.events.at(-1).cursor;
        stream.write({ settle: { number: ++number, settlements: [{ instance: message.instance, up_to_cursor, ack: {} }] } });
      }
      if (message.notice === 'refused') assert.fail(JSON.stringify(message.refused));
      if (message.notice === 'confirmed' && message.confirmed.up_to_number === number && handled >= count) stream.end();
    }
  }

  it('handles, acknowledges and is confirmed, and goes on from there', async () => {
    await append('shop', 5);
    const seen = [];
    await consume({ create: create('billing', 'shop') }, 5, (_, cursor) => seen.push(cursor));
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    await append('shop', 2);
    await consume({ consumer: 'billing' }, 2, (_, cursor) => seen.push(cursor));
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
    const { consumer } = await call(consumers, 'GetConsumer', { name: 'billing' });
    assert.equal(consumer.position.cursor, 7);
    assert.equal(consumer.in_flight, 0);
    assert.equal(consumer.pause, 'CONSUMER_PAUSE_NO_HOLDER');
  });

  it('parks what cannot be handled, and takes it up again', async () => {
    await append('parking', 1);
    await call(consumers, 'CreateConsumer', create('parker', 'parking'));
    const stream = consumers.Consume();
    stream.write({ open: { consumer: 'parker' } });
    for await (const message of stream) {
      if (message.events.length > 0) {
        const cursors = message.events.map((event) => event.cursor);
        stream.write({ settle: { number: 1, settlements: [{ cursors, park: { reason: 'no such order' } }] } });
      }
      if (message.notice === 'confirmed') stream.end();
    }
    const { parked } = await call(consumers, 'ListParked', { consumer: 'parker', with_events: true });
    assert.equal(parked.length, 1);
    assert.equal(parked[0].reason, 'no such order');
    assert.equal(parked[0].event.type, 'order.paid');
    const requeued = await call(consumers, 'RequeueParked', { consumer: 'parker', numbers: [parked[0].number] });
    assert.deepEqual([requeued.requeued_count, requeued.parked_count], [1, 0]);
    const seen = [];
    await consume({ consumer: 'parker' }, 1, (_, cursor) => seen.push(cursor));
    assert.deepEqual(seen, [1]);
  });

  it('says why with a code that programs can branch on', async () => {
    const stream = consumers.Consume();
    stream.write({ open: { consumer: 'nobody' } });
    const failed = await new Promise((resolve) => stream.on('error', resolve).resume());
    assert.equal(failed.metadata.get('error-code')[0], 'CONSUMER_NOT_FOUND');
    assert.equal(failed.metadata.get('x-retryable')[0], 'false');
  });
});
