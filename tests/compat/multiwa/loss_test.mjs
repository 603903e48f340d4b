// What a client can lose that acknowledges nothing, on each face, exactly, and that it loses no more.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Random, runSeed } from '../../support/node/random.mjs';
import { Wire } from '../../support/node/wire.mjs';
import { MultiwaBroker } from './harness/broker.mjs';
import { Client } from './harness/client.mjs';

const rounds = process.env.PLAYHEAD_SOAK ? 300 : 10; // Of each face.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a client that acknowledges nothing', { timeout: 1_800_000 }, () => {
  let broker;
  let wire;
  let key;
  let up = Promise.resolve(); // Resolves when the broker serves.
  let posted = 0;
  before(async () => {
    // The library may take 45 s to notice that a connection broke amid its upgrade (docs/clients/multiwa.md).
    broker = await MultiwaBroker.start({ flags: ['--multiwa_grace=10m'] });
    wire = await Wire.to(broker.httpPort);
    key = (await broker.createKey('a client')).secret;
  });
  after(async () => {
    wire?.close();
    await broker?.close();
  });

  const optionsOf = (profile, more = {}) => ({ face: 'websocket', address: `127.0.0.1:${wire.port}`, key, profile, ...more });

  // Posts one message; resolves to its id when it is stored.
  async function post(profile) {
    const id = `wamid.${++posted}`;
    await broker.post(profile, [id], async () => {
      await up;
      await pause(20);
    });
    return id;
  }

  async function restart(end) {
    let isUp;
    up = new Promise((resolve) => (isUp = resolve));
    try {
      await end();
      await broker.restart();
    } finally {
      isUp();
    }
  }

  for (const face of ['websocket', 'envelopes', 'rooms']) it(`loses nothing, whatever breaks, if it is back in time: ${face}`, async (test) => {
    test.diagnostic(`PLAYHEAD_TEST_SEED=${runSeed}, ${rounds} rounds`);
    const random = new Random(runSeed);
    const profile = `profile-loss-${face}`;
    const client = new Client(optionsOf(profile, { face }));
    test.after(() => client.kill());
    const first = client.untilSubscribed();
    client.start();
    await first;
    const breaks = {
      'kill the client': async () => {
        await client.kill();
        await pause(random.between(0, 100));
        client.start();
      },
      'cut the wire': () => wire.cut(),
      'hang the wire': () => wire.hang(),
      'kill the broker': () => restart(() => broker.kill()),
      'stop the broker': () => restart(() => broker.stop()),
    };
    const published = [];
    const count = {};
    for (let round = 0; round < rounds; round++) {
      const publishing = (async () => {
        for (let i = random.between(10, 60); i > 0; i--) published.push(await post(profile));
      })();
      for (let i = random.between(1, 3); i > 0; i--) {
        await pause(random.between(0, 40));
        const name = random.pick(Object.keys(breaks));
        count[name] = (count[name] ?? 0) + 1;
        await breaks[name]();
      }
      await publishing;
      await client.untilHandled(published.at(-1));
      const handled = new Set(client.handled);
      const missing = published.filter((id) => !handled.has(id));
      assert.deepEqual(missing, [], `round ${round}, after ${JSON.stringify(count)}`);
    }
    // What comes again comes in order too: what is new is always what comes next in the log.
    assert.deepEqual([...new Set(client.handled)], published);
    const again = client.handled.length - published.length;
    test.diagnostic(`${face}: ${published.length} messages, ${again} of them again; ${JSON.stringify(count)}`);
    test.diagnostic(
      'again comes what was not known to be read: what was on its way, for at most 250 ms; of a broker that was killed ' +
        'the last 1.5 s; and while a connection hangs, and for the grace after, at each return what came since it hung',
    );
  });

  it('loses what it had read and not yet handled when it died, and no more', async (test) => {
    const profile = 'profile-unhandled';
    const client = new Client(optionsOf(profile, { handleMs: 400 }));
    test.after(() => client.kill());
    const subscribed = client.untilSubscribed();
    client.start();
    await subscribed;
    const published = [];
    for (let i = 0; i < 30; i++) published.push(await post(profile));
    await client.until(() => client.handled.length > 0 && client.got.length === 30, () => 'got all');
    await pause(200); // Its answers to pings are under way.
    await client.kill();
    const read = client.got.length;
    const lost = client.got.filter((id) => !client.handled.includes(id));
    for (let i = 0; i < 5; i++) published.push(await post(profile));
    client.start();
    await client.untilHandled(published.at(-1));
    const handled = new Set(client.handled);
    const missing = published.filter((id) => !handled.has(id));
    // It may have died before the broker heard of the last that it read.
    for (const id of missing) assert.ok(lost.includes(id), `${id} was lost, though it had not been read`);
    assert.equal(read, 30);
  });

  it('loses not even that if it acknowledges what it has handled', async (test) => {
    const profile = 'profile-acks';
    const client = new Client(optionsOf(profile, { handleMs: 400, acks: true }));
    test.after(() => client.kill());
    const subscribed = client.untilSubscribed();
    client.start();
    await subscribed;
    const published = [];
    for (let i = 0; i < 30; i++) published.push(await post(profile));
    // It has begun to acknowledge. Until then its library's answers said that it had read more than it has handled.
    await client.until(() => client.acknowledged > 0 && client.got.length === 30, () => 'got all');
    await client.kill();
    client.start();
    for (let i = 0; i < 5; i++) published.push(await post(profile));
    await client.untilHandled(published.at(-1));
    const handled = new Set(client.handled);
    assert.deepEqual(published.filter((id) => !handled.has(id)), []);
  });
});

describe('a client that is away for longer than the grace', { timeout: 600_000 }, () => {
  it('loses what came while it was away, and no more', async () => {
    const broker = await MultiwaBroker.start({ flags: ['--multiwa_grace=200ms'] });
    try {
      const key = (await broker.createKey('a client')).secret;
      const profile = 'profile-away';
      const client = new Client({ face: 'websocket', address: `127.0.0.1:${broker.httpPort}`, key, profile });
      let subscribed = client.untilSubscribed();
      client.start();
      await subscribed;
      await broker.post(profile, ['before']);
      await client.untilHandled('before');
      await client.kill();
      await broker.post(profile, ['while away']);
      await pause(1000);
      subscribed = client.untilSubscribed();
      client.start();
      await subscribed;
      await broker.post(profile, ['after']);
      await client.untilHandled('after');
      assert.deepEqual(client.handled, ['before', 'after']);
      await client.kill();
    } finally {
      await broker.close();
    }
  });
});
