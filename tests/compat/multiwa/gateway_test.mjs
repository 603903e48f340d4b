// Socket.IO's namespace /ws with socket.io-client: both protocols that MultiWA's servers have spoken there, as their
// sources have them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';

import { startPython } from '../../support/node/python.mjs';
import { MultiwaBroker } from './harness/broker.mjs';

const events = ['message', 'message:ack', 'connection:status', 'qr:update'];

// A client that keeps what it was told, and hands it out in order.
class Ears {
  #heard = [];
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    for (const name of events) {
      socket.on(name, (argument) => {
        if (this.#waiting.length > 0) this.#waiting.shift()([name, argument]);
        else this.#heard.push([name, argument]);
      });
    }
  }

  // The next event's name and argument.
  next() {
    if (this.#heard.length > 0) return Promise.resolve(this.#heard.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  // Resolves to what the broker acknowledges with.
  call(name, argument) {
    return this.socket.timeout(120_000).emitWithAck(name, argument);
  }
}

describe('the namespace /ws', { timeout: 600_000 }, () => {
  let broker;
  let key;
  const sockets = [];
  before(async () => {
    broker = await MultiwaBroker.start();
    key = (await broker.createKey('a client')).secret;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  after(() => broker?.close());

  // `options` are socket.io-client's.
  function open(options = { auth: { apiKey: key } }, namespace = '/ws') {
    const socket = io(`http://127.0.0.1:${broker.httpPort}${namespace}`, {
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
      ...options,
    });
    sockets.push(socket);
    return new Ears(socket);
  }

  for (const [place, options] of Object.entries({
    'auth.token': () => ({ auth: { token: key } }),
    'auth.apiKey': () => ({ auth: { apiKey: key } }),
    'auth.apiKey beside a JWT': () => ({ auth: { token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', apiKey: key } }),
    'a bearer': () => ({ extraHeaders: { Authorization: `Bearer ${key}` } }),
    'x-api-key': () => ({ extraHeaders: { 'x-api-key': key } }),
    'query.token': () => ({ query: { token: key } }),
    'query.apiKey': () => ({ query: { apiKey: key } }),
  })) {
    it(`takes the key from ${place}`, async () => {
      const { socket } = open(options());
      await once(socket, 'connect');
    });
  }

  it('refuses a wrong key for good', async () => {
    const { socket } = open({ auth: { apiKey: 'wrong' } });
    const [error] = await once(socket, 'connect_error');
    assert.equal(error.message, 'Unauthorized');
    assert.deepEqual(error.data, { code: 'UNAUTHORIZED' });
    assert.equal(socket.active, false);
  });

  describe('of the gateway', () => {
    it('acknowledges in its words', async () => {
      const client = open();
      const profileId = 'acknowledged';
      const good = { success: true, profileId };
      assert.deepEqual(await client.call('join', { profileId }), good);
      assert.deepEqual(await client.call('join', { profileId }), good);
      assert.deepEqual(await client.call('subscribe:profile', { profileId }), good);
      assert.deepEqual(await client.call('unsubscribe:profile', { profileId }), good);
      assert.deepEqual(await client.call('unsubscribe:profile', { profileId }), good);
      for (const nothing of [{}, null, 'text']) {
        assert.deepEqual(await client.call('join', nothing), { success: false, error: 'Forbidden' });
      }
    });

    it('shows no profile that the key does not cover', async () => {
      const { secret } = await broker.createKey('one profile', { instances: 'mine' });
      const client = open({ auth: { apiKey: secret } });
      assert.deepEqual(await client.call('join', { profileId: 'not-mine' }), { success: false, error: 'Forbidden' });
      assert.deepEqual(await client.call('join', { profileId: 'mine' }), { success: true, profileId: 'mine' });
      await broker.publish('not-mine', 'qr.updated', [{ qr: 'secret' }]);
      await broker.publish('mine', 'qr.updated', [{ qr: 'shown' }]);
      assert.equal((await client.next())[1].qrCode, 'shown');
    });

    it('has its four events', async () => {
      const profileId = 'four-events';
      const client = open();
      await client.call('join', { profileId });
      await broker.publish(profileId, 'qr.updated', [{ qr: '2@abc' }]);
      await broker.publish(profileId, 'session.status', [{ status: 'connected', phone: '628' }]);
      await broker.post(profileId, ['wamid.one']);
      await broker.publish(profileId, 'message.ack', [{ messageId: 'wamid.two', status: 'read', ack: 3 }]);
      const heard = [];
      for (let i = 0; i < 4; i++) {
        const [name, { cursor, ...argument }] = await client.next();
        assert.match(cursor, /^evt_[0-9A-Z]{26}$/);
        heard.push([name, argument]);
      }
      assert.deepEqual(heard, [
        ['qr:update', { profileId, qrCode: '2@abc' }],
        ['connection:status', { profileId, status: 'connected', phoneNumber: '628', phone: '628' }],
        [
          'message',
          {
            profileId,
            type: 'message:received',
            message: {
              messageId: 'wamid.one',
              direction: 'incoming',
              senderJid: '628@s.whatsapp.net',
              type: 'text',
              content: { text: 'wamid.one' },
              status: 'received',
              timestamp: '2026-09-21T14:13:20.000Z',
            },
            conversation: { jid: '628@s.whatsapp.net', type: 'user', name: 'Sender 628' },
          },
        ],
        ['message:ack', { profileId, messageId: 'wamid.two', status: 'read' }],
      ]);
    });

    it('has several profiles on a connection, until they are left', async () => {
      const client = open();
      for (const profileId of ['first', 'second', 'third']) await client.call('subscribe:profile', { profileId });
      const publish = (profile, qr) => broker.publish(profile, 'qr.updated', [{ qr }]);
      const heard = new Set();
      for (const profile of ['first', 'second', 'third']) await publish(profile, `of ${profile}`);
      for (let i = 0; i < 3; i++) {
        const [, { profileId, qrCode }] = await client.next();
        assert.equal(qrCode, `of ${profileId}`);
        heard.add(profileId);
      }
      assert.equal(heard.size, 3);
      await client.call('unsubscribe:profile', { profileId: 'second' });
      await publish('second', 'not shown');
      await publish('third', 'shown');
      assert.equal((await client.next())[1].qrCode, 'shown');
    });

    it('goes on behind a cursor', async () => {
      const profileId = 'since';
      const client = open();
      await client.call('join', { profileId });
      await broker.publish(profileId, 'qr.updated', [{ qr: '1' }, { qr: '2' }, { qr: '3' }]);
      const [, { cursor: since }] = await client.next();
      const late = open();
      assert.equal((await late.call('join', { profileId, since })).success, true);
      assert.equal((await late.next())[1].qrCode, '2');
      assert.equal((await late.next())[1].qrCode, '3');
      const wrong = await client.call('join', { profileId: 'other', since: 'nowhere' });
      assert.deepEqual(wrong, { success: false, error: 'since is not a cursor' });
    });

    it('loses nothing when the broker is killed', async () => {
      const profileIds = ['killed-one', 'killed-two'];
      const client = open();
      const joined = () => Promise.all(profileIds.map((profileId) => client.call('join', { profileId })));
      client.socket.on('connect', () => joined().catch(() => {})); // As the original's clients do; it may break again.
      await once(client.socket, 'connect');
      await joined();
      const heard = Object.fromEntries(profileIds.map((id) => [id, []]));
      const posted = [];
      const gets = async (id) => {
        while (profileIds.some((profileId) => !heard[profileId].includes(id))) {
          const [, { profileId, message }] = await client.next();
          heard[profileId].push(message.messageId);
        }
      };
      for (let round = 0; round < 3; round++) {
        const ids = ['a', 'b', 'c'].map((name) => `wamid.${name}${round}`);
        for (const profileId of profileIds) await broker.post(profileId, ids);
        posted.push(...ids);
        if (round % 2 === 0) await gets(ids.at(-1)); // Or it dies with some under way.
        await broker.kill();
        await broker.restart();
        for (const profileId of profileIds) await broker.post(profileId, [`wamid.after${round}`]);
        posted.push(`wamid.after${round}`);
        await gets(`wamid.after${round}`);
      }
      for (const profileId of profileIds) assert.deepEqual([...new Set(heard[profileId])], posted);
    });

    it('may be joined from Python', async () => {
      const program = fileURLToPath(new URL('harness/python_gateway.py', import.meta.url));
      const client = startPython(program, [`http://127.0.0.1:${broker.httpPort}`, key, 'from-python']);
      assert.deepEqual(JSON.parse(await client.next()), { success: true, profileId: 'from-python' });
      await broker.publish('from-python', 'qr.updated', [{ qr: 'one' }]);
      assert.equal(JSON.parse(await client.next()).qrCode, 'one');
      assert.equal(await client.ended(), 0);
    });
  });

  describe('of the older server', () => {
    // Sends an envelope; resolves to the next one that comes.
    async function ask(client, envelope) {
      client.socket.emit('message', envelope);
      return (await client.next())[1];
    }

    it('has the envelopes of the plain WebSocket', async () => {
      const profileId = 'envelopes';
      const client = open();
      const welcome = await ask(client, { type: 'ping', requestId: 'p' });
      assert.equal(welcome.type, 'ack');
      assert.equal(welcome.payload.message, 'Connected to MultiWA WebSocket API');
      assert.match(welcome.payload.clientId, /./);
      const [, pong] = await client.next();
      assert.equal(pong.type, 'pong');
      assert.equal(pong.requestId, 'p');
      const subscribed = await ask(client, {
        type: 'subscribe',
        payload: { profileId, events: ['message.received'] },
        requestId: 7,
      });
      assert.equal(subscribed.requestId, 7);
      const { cursor, replay, ...payload } = subscribed.payload;
      assert.deepEqual(payload, { action: 'subscribed', profileId, events: ['message.received'] });
      assert.match(cursor, /^evt_/);
      assert.equal(replay, 0);
      await broker.publish(profileId, 'qr.updated', [{ qr: 'not subscribed to' }]);
      await broker.publish(profileId, 'message.received', [{ id: 'one', body: 'verbatim' }]);
      const [name, event] = await client.next();
      assert.equal(name, 'message');
      assert.equal(event.type, 'event');
      assert.equal(event.payload.event, 'message.received');
      assert.equal(event.payload.profileId, profileId);
      assert.deepEqual(event.payload.data, { id: 'one', body: 'verbatim' });
      const unsubscribed = await ask(client, { type: 'unsubscribe', requestId: null });
      assert.deepEqual(unsubscribed, { type: 'ack', payload: { action: 'unsubscribed' }, requestId: null });
    });

    it('has their errors', async () => {
      const { secret } = await broker.createKey('one profile', { instances: 'mine' });
      const client = open({ auth: { apiKey: secret } });
      await ask(client, { type: 'ping' });
      await client.next();
      const errorOf = async (envelope) => (await ask(client, envelope)).payload.error;
      const subscribe = (payload) => errorOf({ type: 'subscribe', payload });
      assert.equal(await subscribe({ profileId: 'mine' }), 'Events array is required');
      assert.equal(await subscribe({ events: ['*'] }), 'profileId or sessionId is required');
      assert.equal(await subscribe({ profileId: 'not-mine', events: ['*'] }), 'Forbidden');
      assert.equal(await errorOf({ type: 'nothing known' }), 'Unknown message type');
      assert.equal(await errorOf('text'), 'Invalid JSON');
    });

    it('loses nothing when the broker is killed', async () => {
      const profileId = 'killed-envelopes';
      const client = open();
      const subscribe = { type: 'subscribe', payload: { profileId, events: ['*'] } };
      client.socket.on('connect', () => client.socket.emit('message', subscribe));
      const heard = [];
      const until = async (found) => {
        for (;;) {
          const [, envelope] = await client.next();
          if (envelope.type === 'event') heard.push(envelope.payload.data.id);
          if (found(envelope)) return;
        }
      };
      await until(({ payload }) => payload.action === 'subscribed');
      await broker.post(profileId, ['1', '2', '3']);
      await until(() => heard.includes('2'));
      await broker.kill();
      await broker.restart();
      await broker.post(profileId, ['4']);
      await until(() => heard.includes('4'));
      assert.deepEqual([...new Set(heard)], ['1', '2', '3', '4']);
    });
  });

  it('may be spoken to in both protocols at once', async () => {
    const client = open();
    await client.call('join', { profileId: 'joined' });
    client.socket.emit('message', { type: 'subscribe', payload: { profileId: 'subscribed', events: ['*'] } });
    assert.equal((await client.next())[1].payload.message, 'Connected to MultiWA WebSocket API');
    assert.equal((await client.next())[1].payload.action, 'subscribed');
    await broker.publish('joined', 'qr.updated', [{ qr: 'one' }]);
    assert.deepEqual((await client.next())[0], 'qr:update');
    await broker.publish('subscribed', 'qr.updated', [{ qr: 'two' }]);
    assert.deepEqual((await client.next())[1].payload.data, { qr: 'two' });
  });

  it('is one of several on one connection', async () => {
    const { secret } = await broker.createKey('one profile', { instances: 'shared' });
    const here = open({ auth: { token: secret }, forceNew: false });
    const other = open({ auth: { token: secret }, forceNew: false }, '/api/events');
    assert.equal(here.socket.io, other.socket.io);
    await Promise.all([here, other].map(({ socket }) => socket.connected || once(socket, 'connect')));
    await here.call('join', { profileId: 'shared' });
    assert.equal((await other.call('subscribe', ['messages.upsert'])).ok, true);
    const upsert = once(other.socket, 'messages.upsert');
    await broker.post('shared', ['wamid.shared']);
    assert.equal((await here.next())[1].message.messageId, 'wamid.shared');
    assert.equal((await upsert)[0].messages[0].key.id, 'wamid.shared');
    other.socket.disconnect();
    await broker.post('shared', ['wamid.later']);
    assert.equal((await here.next())[1].message.messageId, 'wamid.later');
  });
});
