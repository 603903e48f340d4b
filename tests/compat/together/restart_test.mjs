// The broker is killed while events come in from everywhere: every client of every dialect comes back by itself, as it
// was written, and has them all, in their order.
import assert from 'node:assert/strict';
import { it } from 'node:test';

import { Random, runSeed } from '../../support/node/random.mjs';
import { text } from '../../support/node/webhooks.mjs';
import { startClients } from './harness/clients.mjs';
import { Gateway } from './harness/gateway.mjs';
import { publishers } from './harness/publishers.mjs';

const kills = process.env.PLAYHEAD_SOAK ? 100 : 5;
const attemptsMax = 100; // To publish one event; only a broker that is dead refuses any.
const idsOf = {
  vzaps: ({ data }) => data.event.message_id,
  socketio: ({ data }) => data.messages[0].key.id,
  multiwa: ({ data }) => data.id,
  photon: ({ data }) => data.message.id,
};

it('the clients of all dialects lose nothing when the broker is killed', { timeout: kills * 240_000 }, async (t) => {
  t.diagnostic(`PLAYHEAD_TEST_SEED=${runSeed}, ${kills} kills`);
  const random = new Random(runSeed);
  const broker = await Gateway.start();
  const place = await broker.place();
  const clients = await startClients(place);
  const published = [];
  let up = Promise.resolve(); // Resolves when the broker serves.

  // Publishes until it is acknowledged.
  const publishOne = async ({ publish, forPhoton } = random.pick(Object.values(publishers))) => {
    const message = text(`${published.length}`);
    for (let attempt = 1; ; attempt++) {
      await up;
      try {
        await publish(place, message);
        break;
      } catch (error) {
        if (attempt === attemptsMax) throw error;
      }
    }
    published.push({ id: message.id, forPhoton });
  };

  const expectedOf = (family) => published.filter(({ forPhoton }) => family !== 'photon' || forPhoton).map(({ id }) => id);

  try {
    for (let round = 0; round < kills; round++) {
      const publishing = (async () => {
        await publishOne(publishers['by webhook']);
        for (let i = random.between(10, 40); i > 0; i--) await publishOne();
      })();
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 500)));
      let isUp;
      up = new Promise((resolve) => (isUp = resolve));
      await broker.kill();
      await broker.restart();
      isUp();
      await publishing;
      for (const [family, client] of Object.entries(clients)) {
        const last = expectedOf(family).at(-1);
        const has = () => client.got.some((event) => idsOf[family](event) === last);
        await client.until(has, () => `${family} has ${last} after kill ${round + 1}`, 180_000);
      }
    }
    for (const [family, client] of Object.entries(clients)) {
      const ids = client.got.map(idsOf[family]);
      const expected = expectedOf(family);
      assert.deepEqual([...new Set(ids)], expected, family);
      t.diagnostic(`${family}: ${expected.length} events, ${ids.length - expected.length} came again`);
    }
  } finally {
    for (const client of Object.values(clients)) await client.close();
    await broker.close();
  }
});
