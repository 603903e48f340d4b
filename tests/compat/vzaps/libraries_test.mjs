// The libraries that the SDKs are built on, against a real broker.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';

import { VzapsBroker } from './harness/broker.mjs';
import { connectWs, numbersOf, startPythonClient } from './harness/clients.mjs';

const broker = await VzapsBroker.start();

test('ws gets its events from a browser’s query alone, and with headers', { timeout: 600_000 }, async () => {
  for (const browser of [false, true]) {
    const client = await connectWs(broker, await broker.token(), { browser });
    await broker.publish(1);
    const [event] = await client.take(1);
    assert.deepEqual(event.data, { type: 'Message', event: { n: 1 } });
    assert.deepEqual(Object.keys(event), ['id', 'type', 'instance_id', 'created_at', 'data']);
    assert.ok(!Number.isNaN(Date.parse(event.created_at)));
    assert.equal(await client.close(), 1000);
  }
});

test('ws acknowledges out of order, and after a kill of the broker the rest comes again', { timeout: 600_000 }, async () => {
  const token = await broker.token();
  const client = await connectWs(broker, token, { query: { events: 'Message,Presence' } });
  await broker.publish(1, 2, 3, 4);
  const events = await client.take(4);
  assert.deepEqual(numbersOf(events), [1, 2, 3, 4]);
  client.ack(events[3]);
  client.ack(events[1]);
  await client.close();
  await broker.stop();
  await broker.restart();
  await broker.publish(5);
  const again = await connectWs(broker, token, { query: { events: 'presence,MESSAGE', last_event_id: events[3].id } });
  const rest = await again.take(3);
  assert.deepEqual(numbersOf(rest), [1, 3, 5]);
  rest.forEach(again.ack);
  const cut = once(again.socket, 'close');
  await broker.kill();
  await cut;
  await broker.restart();
});

test('a stop says 1001, which Python takes for a good end', { timeout: 600_000 }, async () => {
  const client = await connectWs(broker, await broker.token());
  const closed = once(client.socket, 'close');
  await broker.stop();
  assert.equal((await closed)[0], 1001);
  await broker.restart();
});

test('Python acknowledges what it gets, and goes on where it was', { timeout: 600_000 }, async () => {
  const token = await broker.token();
  const first = startPythonClient(broker, token);
  assert.equal(await first.next(), 'open');
  await broker.publish(1, 2);
  assert.equal(await first.next(), '1');
  assert.equal(await first.next(), '2');
  // What it has acknowledged is with the broker when its next event is.
  await broker.publish(3);
  assert.equal(await first.next(), '3');
  await first.kill();
  await broker.publish(4);
  const second = startPythonClient(broker, token);
  assert.equal(await second.next(), 'open');
  const got = await second.next();
  assert.ok(got === '3' || got === '4', `${got}: 1 and 2 were acknowledged`);
  await second.kill();
});

test('PHP, which takes 5 s without a frame for the end, is kept awake', { timeout: 600_000 }, async () => {
  const token = await broker.token();
  const php = startPythonClient(broker, token, { userAgent: 'websocket-client-php' });
  assert.equal(await php.next(), 'open');
  assert.equal(await php.next(), 'pong'); // At once.
  let silentMs = Infinity; // The least of several: a busy machine may hold up some.
  for (let i = 0; i < 3; ++i) {
    const begun = performance.now();
    assert.equal(await php.next(), 'pong');
    silentMs = Math.min(silentMs, performance.now() - begun);
  }
  assert.ok(silentMs < 5000, `the next pong took ${silentMs} ms or more`);
  await broker.publish(1);
  let line = await php.next();
  while (line === 'pong') line = await php.next();
  assert.equal(line, '1');
  await php.kill();
});

test.after(() => broker.close());
