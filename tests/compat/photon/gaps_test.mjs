// Where the SDK by itself would lose events, seen from the application: what the broker does about each.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { appSecret, message, Poster, text } from '../../support/node/webhooks.mjs';
import { PhotonBroker } from './harness/broker.mjs';
import { Reader } from './harness/reader.mjs';
import { loadSdk } from './harness/sdk.mjs';

const texts = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const bodyOfEvent = ({ message }) => message.content.body;

describe('gaps of the SDK', { timeout: 600_000 }, () => {
  let broker;
  let poster;
  let sdk;
  let accessToken;
  let instances = 0;
  let idle;
  before(async () => {
    broker = await PhotonBroker.start();
    poster = new Poster(broker);
    sdk = await loadSdk(broker);
    accessToken = (await broker.createKey('readers')).secret;
    idle = idleStream();
  });
  after(async () => {
    await idle?.close();
    poster?.close();
    await broker?.close();
  });

  // A stream without events, from whose frames the last test of this file learns how often the broker says it is there.
  function idleStream() {
    const client = sdk.createClient({ accessToken, phoneNumberId: 'idle', appSecret });
    const times = [];
    let beat;
    const beats = new Promise((resolve) => (beat = resolve));
    const stream = client.events.subscribe({
      onActivity: () => times.push(performance.now()) === 2 && beat(),
      reconnect: { initialDelay: 150 },
    });
    stream.on(() => {});
    const close = async () => {
      await stream.close();
      await client.close();
    };
    return { times, beats, close };
  }

  // A new instance and a client of it.
  async function withClient(use, options) {
    const instance = `gap-${++instances}`;
    const client = sdk.createClient({ accessToken, phoneNumberId: instance, appSecret, ...options });
    try {
      await use(client, instance);
    } finally {
      await client.close();
    }
  }

  // What the SDK tells of a stream: `stream` to iterate, `live` resolves with its first frame, `attempts` are its
  // reconnections, each of which `onAttempt` is called for.
  function listen(client, { cursor, ...reconnect } = {}) {
    const told = { attempts: [] };
    told.live = new Promise((resolve) => (told.isLive = resolve));
    told.stream = client.events.subscribe({
      cursor,
      onActivity: () => told.isLive(),
      reconnect: {
        initialDelay: 150,
        ...reconnect,
        onReconnect: (attempt, cause) => {
          told.attempts.push({ attempt, cause });
          told.onAttempt?.(cause);
        },
      },
    });
    return told;
  }

  // Iterates until `count` events came, and gives them; `each` is awaited for every one of them.
  async function take(stream, count, each = () => {}) {
    const events = [];
    for await (const event of stream) {
      events.push(event);
      await each(event, events.length);
      if (events.length === count) break;
    }
    return events;
  }

  it('G1: the saved cursor of a new process counts, at the price of one reconnection', () =>
    withClient(async (client, instance) => {
      await poster.text(instance, ...texts(1, 9));
      const told = listen(client, { cursor: '4' });
      assert.deepEqual((await take(told.stream, 5)).map(bodyOfEvent), texts(5, 9));
      assert.deepEqual(told.attempts, [{ attempt: 1, cause: undefined }]);
    }));

  it('G1: two streams of one client, each with its own cursor, miss nothing', () =>
    withClient(async (client, instance) => {
      await poster.text(instance, ...texts(1, 9));
      const first = listen(client, { cursor: '2' });
      const second = listen(client, { cursor: '6' });
      const [a, b] = await Promise.all([take(first.stream, 7), take(second.stream, 3)]);
      assert.deepEqual(a.map(bodyOfEvent), texts(3, 9));
      assert.deepEqual(b.map(bodyOfEvent).slice(-3), texts(7, 9));
    }));

  it('G3: events published between what it missed and the live stream', () =>
    withClient(async (client, instance) => {
      await poster.text(instance, ...texts(1, 3));
      const told = listen(client, { cursor: '1' });
      // The SDK subscribes when the last missed event was handled.
      const events = await take(told.stream, 4, (_, count) => count === 2 && poster.text(instance, ...texts(4, 5)));
      assert.deepEqual(events.map(bodyOfEvent), texts(2, 5));
    }));

  it('G4: more than one reply can carry comes in order', () =>
    withClient(async (client, instance) => {
      const filling = 'x'.repeat(20_000);
      const count = 600; // 12 MB, of which the SDK takes 4 MiB at once and asks once.
      for (const hundred of [0, 1, 2, 3, 4, 5]) {
        await poster.text(instance, ...texts(hundred * 100 + 1, hundred * 100 + 100).map((n) => `${n} ${filling}`));
      }
      const told = listen(client, { cursor: '0' });
      const events = await take(told.stream, count);
      assert.deepEqual(events.map(bodyOfEvent), texts(1, count).map((n) => `${n} ${filling}`));
      assert.equal(told.attempts.length, 1);
    }));

  it('G6: a malformed event among those it missed, and live', () =>
    withClient(async (client, instance) => {
      const malformed = { ...message('image', { id: '1' }), image: undefined };
      const data = JSON.stringify({ metadata: {}, message: malformed });
      const append = () => broker.appendRaw(instance, 'message.received', [data, '{"message":{"type":']);
      await poster.text(instance, '1', '2');
      await append();
      await poster.text(instance, '4');
      const told = listen(client, { cursor: '1' });
      const events = await take(told.stream, 6, async (_, count) => {
        if (count !== 3) return;
        await append();
        await poster.text(instance, '6', '7');
      });
      const contents = events.map(({ message: { content } }) => content.body ?? content.type);
      assert.deepEqual(contents, ['2', 'unknown', '4', 'unknown', '6', '7']);
      assert.equal(events[1].message.id, malformed.id);
      assert.equal(told.attempts.length, 1);
    }));

  it('G9: a client that may not reconnect any more stays', () =>
    withClient(async (client, instance) => {
      const told = listen(client, { maxAttempts: 1 }); // The one is spent on coming back for the live stream.
      const taken = take(told.stream, 1);
      await told.live;
      await poster.text(instance, 'at last');
      assert.deepEqual((await taken).map(bodyOfEvent), ['at last']);
      assert.equal(told.attempts.length, 1);
    }));

  it('G10: a cursor of a log that was deleted gives all that is kept', () =>
    withClient(async (client, instance) => {
      await poster.text(instance, ...texts(1, 5));
      const { cursor } = (await client.events.fetchMissed({ cursor: '0' })).events.at(-1);
      await broker.client(['delete', instance, '--yes']);
      await poster.text(instance, ...texts(6, 8));
      const told = listen(client, { cursor });
      assert.deepEqual((await take(told.stream, 3)).map(bodyOfEvent), texts(6, 8));
    }));

  it('G10: a text that is no cursor is refused where it can be told', () =>
    withClient(async (client) => {
      await assert.rejects(client.events.fetchMissed({ cursor: 'no cursor' }), (error) => {
        assert.ok(error instanceof sdk.ValidationError, `${error}`);
        assert.equal(error.code, 'invalidArgument');
        return true;
      });
    }));

  it('G11: a slow consumer gets everything', () =>
    withClient(async (client, instance) => {
      const filling = 'x'.repeat(20_000);
      const told = listen(client, { cursor: '0' });
      let posted;
      const events = await Promise.all([
        take(told.stream, 501, async (_, count) => {
          // It sits on its first event while 10 MB come in.
          if (count === 1) await posted;
        }),
        (posted = poster.text(instance, 'first').then(async () => {
          for (let i = 0; i < 5; i++) {
            await poster.text(instance, ...texts(i * 100 + 1, i * 100 + 100).map((n) => `${n} ${filling}`));
          }
        })),
      ]);
      assert.deepEqual(events[0].slice(1).map(bodyOfEvent), texts(1, 500).map((n) => `${n} ${filling}`));
    }));

  it('G12: fetchMissed by hand, then subscribe with the cursor from before', () =>
    withClient(async (client, instance) => {
      await poster.text(instance, ...texts(1, 9));
      const { events } = await client.events.fetchMissed({ cursor: '2', limit: 4 });
      const told = listen(client, { cursor: '2' });
      const rest = await take(told.stream, 3);
      assert.deepEqual([...events, ...rest].map(bodyOfEvent), texts(3, 9));
      assert.deepEqual(told.attempts, []);
    }));

  it('G8: an idle stream has a heartbeat well before the SDK takes it for dead', async () => {
    await idle.beats;
    const [first, second] = idle.times;
    assert.ok(second - first < 60_000, `${second - first} ms`);
  });
});

describe('an outage before the first event', { timeout: 600_000 }, () => {
  let broker;
  let reader;
  before(async () => {
    broker = await PhotonBroker.start();
  });
  after(async () => {
    await reader?.kill();
    await broker?.close();
  });

  it('G2: is not skipped, since the first heartbeat had a cursor', async () => {
    const instance = 'outage';
    const { secret } = await broker.createKey('reader');
    // In a process of its own: the SDK of this one has the address of the other broker.
    reader = new Reader(broker, { credentials: { accessToken: secret, phoneNumberId: instance, appSecret } });
    reader.start();
    await reader.until(() => reader.active);
    await broker.kill();
    await broker.restart();
    const poster = new Poster(broker);
    const posted = await poster.text(instance, ...texts(1, 2));
    poster.close();
    await reader.until(() => reader.events.length === 2);
    assert.deepEqual(reader.events.map(({ id }) => id), posted.map(({ id }) => id));
  });
});

describe('a broker that is told not to bounce', { timeout: 600_000 }, () => {
  let broker;
  let reader;
  before(async () => {
    broker = await PhotonBroker.start({ flags: ['--photon_first_subscribe=live'] });
  });
  after(async () => {
    await reader?.kill();
    await broker?.close();
  });

  it('starts a new process live, as the SDK by itself would, whatever cursor it saved', async () => {
    const instance = 'live';
    const poster = new Poster(broker);
    await poster.text(instance, ...texts(1, 3));
    const { secret } = await broker.createKey('reader');
    reader = new Reader(broker, { credentials: { accessToken: secret, phoneNumberId: instance, appSecret }, cursor: '1' });
    reader.start();
    await reader.until(() => reader.active);
    const [last] = await poster.text(instance, 'live');
    await reader.until(() => reader.events.length > 0);
    assert.deepEqual(reader.events.map(({ id }) => id), [last.id]);
    assert.deepEqual(reader.attempts, []);
    poster.close();
  });
});
