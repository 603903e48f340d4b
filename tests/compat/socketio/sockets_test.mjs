// What the clients see of the broker: who gets in, what is subscribed to, and what is delivered.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { Wire } from '../../support/node/wire.mjs';
import { messages, SocketioBroker } from './harness/broker.mjs';
import { eventNames, JsClient, PythonClient } from './harness/clients.mjs';

describe('a broker with keys', () => {
  let broker, wire;
  before(async () => {
    broker = await SocketioBroker.start();
    wire = await Wire.to(broker.httpPort);
  });
  after(async () => {
    wire.close();
    await broker.close();
  });

  const open = [];
  const js = (secret, options = {}, namespace = '/api/events') => {
    const client = new JsClient(wire.url + namespace, { auth: { token: secret }, ...options });
    open.push(client);
    return client;
  };
  const python = (secret, options = {}) => {
    const client = new PythonClient(wire.url + '/api/events', { auth: { token: secret }, subscribe: ['*'], ...options });
    open.push(client);
    return client;
  };
  const closeAll = async () => {
    for (const client of open.splice(0)) await client.close();
  };
  // A test that leaves no client behind. It may take longer than a client waits, so that what the client says is seen.
  const test = (name, run) => it(name, { timeout: 600_000 }, () => run().finally(closeAll));

  test('takes the key from everywhere', async () => {
    const { secret } = await broker.createKeyOf('everywhere');
    const ways = [
      { auth: { token: secret } },
      { auth: { apiKey: secret } },
      { auth: {}, extraHeaders: { Authorization: `Bearer ${secret}` } },
      { auth: {}, extraHeaders: { 'x-api-key': secret } },
      { auth: {}, query: { token: secret } },
      { auth: {}, query: { apiKey: secret } },
      { auth: { token: secret }, query: { token: 'wrong' } },
    ];
    for (const way of ways) await js(secret, way).until(() => open.at(-1).said[0]?.connected, JSON.stringify(Object.keys(way)));
    const client = python(secret, { auth: undefined, headers: { Authorization: `Bearer ${secret}` } });
    await client.subscribed();
  });

  test('refuses for good whom it does not know', async () => {
    const { id, secret } = await broker.createKeyOf('revoked');
    await broker.client(['keys', 'revoke', id]);
    for (const token of ['', 'wrong', secret]) {
      const client = js(token);
      await client.until(() => client.said.length > 0, 'an answer');
      assert.equal(client.said[0].refused, 'Unauthorized');
      assert.equal(client.said[0].data.code, 'UNAUTHORIZED');
      assert.equal(client.socket.active, false, 'it does not try again');
      const snake = python(token);
      await snake.ended;
      assert.ok(snake.said[0].refused);
    }
  });

  test('wants a key of exactly one instance, and says so', async () => {
    for (const instances of ['one,two', 'many*', '*']) {
      const { secret } = await broker.createKeyOf(`several-${instances.length}`, instances);
      const client = js(secret);
      await client.until(() => client.said.length > 0, 'an answer');
      assert.match(client.said[0].refused, /more than one instance/);
      assert.equal(client.said[0].data.code, 'PERMISSION_DENIED');
    }
  });

  test('ends the connection of a key that is revoked', async () => {
    const { id, secret } = await broker.createKeyOf('ending');
    const clients = [js(secret), python(secret)];
    await clients[0].until(() => clients[0].said[0]?.connected);
    await clients[1].subscribed();
    await broker.client(['keys', 'revoke', id]);
    for (const client of clients) await client.until(() => client.said.some((line) => line.connected === false), 'an end');
    await clients[0].until(() => clients[0].said.some((line) => line.refused === 'Unauthorized'), 'a refusal');
  });

  test('has two namespaces and no more', async () => {
    const { secret } = await broker.createKeyOf('namespaces');
    for (const namespace of ['/', '/api/events']) {
      const client = js(secret, {}, namespace);
      assert.deepEqual(await client.subscribe('call'), { ok: true, events: ['call'] });
      await broker.publish('namespaces', [['call', [{ id: namespace }]]]);
      await client.gets(1);
      assert.deepEqual(client.got[0], ['call', [{ id: namespace }]]);
    }
    const nowhere = js(secret, {}, '/nowhere');
    await nowhere.until(() => nowhere.said[0]?.refused === 'Invalid namespace');
  });

  test('understands every way to subscribe', async () => {
    const { secret } = await broker.createKeyOf('ways');
    const client = js(secret);
    assert.deepEqual(await client.subscribe(['call', 'chats.upsert']), { ok: true, events: ['call', 'chats.upsert'] });
    assert.deepEqual(await client.subscribe('call', 'groups.update'), { ok: true, events: ['call', 'chats.upsert', 'groups.update'] });
    assert.deepEqual(await client.subscribe({ events: ['presence.update'] }), {
      ok: true,
      events: ['call', 'chats.upsert', 'groups.update', 'presence.update'],
    });
    const ask = (...args) => client.socket.timeout(120_000).emitWithAck(...args);
    assert.deepEqual((await ask('unsubscribe', ['call', 'groups.update'])).events, ['chats.upsert', 'presence.update']);
    assert.deepEqual((await ask('list')).events, ['chats.upsert', 'presence.update']);
    for (const wrong of [[7], [null], [[['a']]], [{ names: ['a'] }]]) {
      const answer = await client.subscribe(...wrong);
      assert.equal(answer.ok, false);
      assert.equal(answer.error.code, 'FILTER_INVALID');
    }
    assert.equal((await client.subscribe('x'.repeat(4000))).ok, false);
    assert.deepEqual(await ask('unsubscribe'), { ok: true, events: [] });
    await broker.publish('ways', [['call', [{ id: 'unheard' }]]]);
    assert.deepEqual((await client.subscribe('all')).events, ['all']);
    await broker.publish('ways', [['call', [{ id: 'heard' }]]]);
    await client.gets(1);
    assert.deepEqual(client.got, [['call', [{ id: 'heard' }]]]);
  });

  test('delivers every documented event with one argument, and only what is subscribed to', async () => {
    const { secret } = await broker.createKeyOf('all-names');
    const all = js(secret);
    const some = js(secret);
    const snake = python(secret);
    await all.subscribe('*');
    await some.subscribe(['call', 'auth.qr']);
    await snake.subscribed();
    const events = eventNames.map((name) => [name, name === 'messages.upsert' ? messages('m') : { id: name, registered: true }]);
    await broker.publish('all-names', [...events, ['labels.edit', { id: 'only by name' }]]);
    await Promise.all([all.gets(17), some.gets(2), snake.gets(17)]);
    const expected = events.map(([name, payload]) => [name, name === 'creds.update' ? { registered: true } : payload]);
    assert.deepEqual(all.got, expected);
    assert.deepEqual(some.got.map(([name]) => name), ['auth.qr', 'call']);
    const inOrder = (got) => got.map(([name]) => name).sort();
    assert.deepEqual(inOrder(snake.got), inOrder(expected), 'its handlers run in threads');
  });

  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`takes JavaScript up where it was: ${transports}`, async () => {
      const instance = `js-${transports.join('-')}`;
      const { secret } = await broker.createKeyOf(instance);
      const client = js(secret, { transports });
      await client.subscribe('messages.upsert');
      await broker.publish(instance, [['messages.upsert', messages('before')]]);
      await client.gets(1);
      const { id } = client.socket;
      let disconnected = false;
      client.socket.once('disconnect', () => (disconnected = true));
      // Between two polls there is nothing to cut.
      for (wire.cut(); !disconnected; wire.cut()) await setTimeout(5);
      await broker.publish(instance, [['messages.upsert', messages('meanwhile')], ['call', []]]);
      await client.gets(2);
      assert.deepEqual(client.got.map(([, payload]) => payload.messages[0].key.id), ['before', 'meanwhile']);
      assert.equal(client.socket.recovered, true);
      assert.equal(client.socket.id, id);
    });

    test(`takes Python up where it was: ${transports}`, async () => {
      const instance = `python-${transports.join('-')}`;
      const { secret } = await broker.createKeyOf(instance);
      const client = python(secret, { transports, subscribe: ['messages.upsert'], namespace: '/api/events' });
      await client.subscribed();
      await broker.publish(instance, [['messages.upsert', messages('before')]]);
      await client.gets(1);
      wire.cut();
      await broker.publish(instance, [['messages.upsert', messages('meanwhile')], ['call', []]]);
      // An acknowledgement may have been cut off, too: 'before' comes again then.
      const got = () => client.got.map(([, payload]) => payload.messages[0].key.id);
      await client.until(() => got().includes('meanwhile'), 'what came meanwhile');
      assert.deepEqual([...new Set(got())], ['before', 'meanwhile']);
    });
  }

  test('goes on from where a session began, for a client that has handled nothing', async () => {
    const { secret } = await broker.createKeyOf('nothing-handled');
    const client = js(secret);
    await client.subscribe('messages.upsert');
    wire.cut();
    await broker.publish('nothing-handled', [['messages.upsert', messages('missed')]]);
    await client.gets(1);
  });

  test('knows no session of another key', async () => {
    const { secret } = await broker.createKeyOf('mine');
    const other = await broker.createKeyOf('thief', 'mine');
    const mine = js(secret);
    await mine.subscribe('call');
    await broker.publish('mine', [['call', [1]]]);
    await mine.gets(1);
    const thief = js(other.secret, { auth: { token: other.secret, pid: mine.socket._pid, offset: mine.socket._lastOffset } });
    await thief.until(() => thief.said[0]?.connected);
    assert.notEqual(thief.socket._pid, mine.socket._pid);
    const list = await thief.socket.timeout(120_000).emitWithAck('list');
    assert.deepEqual(list.events, []);
  });

  test('redelivers to Python what a handler failed at', async () => {
    const { secret } = await broker.createKeyOf('failing');
    const client = python(secret, { fail: ['bad'] });
    await client.subscribed();
    await broker.publish('failing', [['messages.upsert', messages('good')], ['messages.upsert', messages('bad')]]);
    await client.until(() => client.said.some((line) => line.failing), 'a failure');
    await client.gets(1);
    wire.cut();
    // The first may come again, too: the cut may be faster than its acknowledgement.
    await client.until(() => client.got.some(([, { messages: [m] }]) => m.key.id === 'bad'), 'what its handler failed at');
  });

  test('leaves the session of a client that comes back to it, whoever comes first', async () => {
    const { secret } = await broker.createKeyOf('newcomer');
    const client = python(secret);
    await client.subscribed();
    await broker.publish('newcomer', [['call', ['first']]]);
    await client.gets(1);
    wire.cut();
    await broker.publish('newcomer', [['call', ['second']]]);
    const newcomer = python(secret);
    await newcomer.subscribed();
    await client.gets(2);
    await broker.publish('newcomer', [['call', ['third']]]);
    await Promise.all([client.gets(3), newcomer.gets(1)]);
    assert.deepEqual(newcomer.got, [['call', ['third']]]);
  });
});

describe('a broker that runs open', () => {
  it('takes the token for the name of an instance', async () => {
    const broker = await SocketioBroker.start({ open: true });
    const client = new JsClient(`${broker.url}/api/events`, { auth: { token: 'any-instance' } });
    assert.deepEqual(await client.subscribe('call'), { ok: true, events: ['call'] });
    await broker.publish('any-instance', [['call', [1]]]);
    await client.gets(1);
    const nobody = new JsClient(`${broker.url}/api/events`, { auth: {} });
    await nobody.until(() => nobody.said.length > 0, 'an answer');
    assert.match(nobody.said[0].data.message, /name of an instance/);
    client.close();
    nobody.close();
    await broker.close();
  });
});
