// Whatever breaks, every event of the log reaches a handler of every client at least once: brokers are killed and
// stopped, and connections cut, while events come in.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Random, runSeed } from '../../support/node/random.mjs';
import { Wire } from '../../support/node/wire.mjs';
import { messages, SocketioBroker } from './harness/broker.mjs';
import { JsClient, PythonClient } from './harness/clients.mjs';

const rounds = process.env.PLAYHEAD_SOAK ? 300 : 20;
const transports = { polling: ['polling'], websocket: ['websocket'], upgrading: ['polling', 'websocket'] };

describe('a client that comes back misses nothing', () => {
  const totals = { events: 0, duplicates: 0, brokers: 0, cuts: 0 };

  it(`in ${rounds} rounds`, { timeout: rounds * 90_000 }, async (t) => {
    const random = new Random(runSeed);
    t.diagnostic(`PLAYHEAD_TEST_SEED=${runSeed}`);
    const broker = await SocketioBroker.start();
    const wires = new Map([JsClient, PythonClient].map((family) => [family, Wire.to(broker.httpPort)]));
    for (const [family, wire] of wires) wires.set(family, await wire);
    const readers = [];
    for (const family of [JsClient, PythonClient]) {
      for (const [name, kind] of Object.entries(transports)) {
        const instance = `${family.name}-${name}`;
        const { secret } = await broker.createKeyOf(instance);
        const options = { auth: { token: secret }, transports: kind, events: ['messages.upsert'], subscribe: ['messages.upsert'] };
        const client = new family(`${wires.get(family).url}/api/events`, options);
        readers.push({ instance, client, inOrder: family === JsClient, published: [], seen: new Set(), looked: 0 });
        if (family === JsClient) await client.subscribe('messages.upsert');
        else await client.subscribed();
      }
    }
    let number = 0;
    let up = Promise.resolve();
    const publish = async (reader, count) => {
      const ids = Array.from({ length: count }, () => `m-${number++}`);
      const events = ids.map((id) => ['messages.upsert', messages(id, 'x'.repeat(random.between(1, 500))), id]);
      for (;;) {
        try {
          await up;
          await broker.publish(reader.instance, events);
          break; // Those that were stored before the broker went are not stored again.
        } catch (error) {
          if (!/UNAVAILABLE|SHUTTING_DOWN|connect/i.test(error.message)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      reader.published.push(...ids);
      totals.events += count;
    };
    const restart = async (end) => {
      let done;
      up = new Promise((resolve) => (done = resolve));
      totals.brokers++;
      await end();
      await broker.restart();
      done();
    };
    const cut = async (families = wires.keys()) => {
      totals.cuts++;
      for (const family of families) wires.get(family).cut();
    };
    const acts = {
      'the broker is killed': () => restart(() => broker.kill()),
      'the broker is stopped': () => restart(() => broker.stop()),
      'connections are cut': () => cut(),
      // Not Python's: if its connection ends in the moment in which it has come back, it takes itself for connected for ever.
      'connections are cut again and again': async () => {
        for (let i = 0; i < 3; i++) {
          await cut([JsClient]);
          await new Promise((resolve) => setTimeout(resolve, random.between(0, 400)));
        }
      },
      'connections are cut and the broker is killed': async () => {
        await cut();
        await restart(() => broker.kill());
      },
    };
    const names = Object.keys(acts);
    const everythingSeen = (reader) => {
      for (; reader.looked < reader.client.got.length; reader.looked++) {
        const { id } = reader.client.got[reader.looked][1].messages[0].key;
        if (reader.seen.has(id)) totals.duplicates++;
        reader.seen.add(id);
      }
      return reader.seen.size >= reader.published.length;
    };

    try {
      for (let round = 0; round < rounds; round++) {
        const name = names[round % names.length];
        const busy = readers.map((reader) => publish(reader, random.between(1, 60)));
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 150)));
        await acts[name]();
        await Promise.all(busy);
        // Who gets these is connected again.
        await Promise.all(readers.map((reader) => publish(reader, random.between(1, 20))));
        for (const reader of readers) {
          await reader.client.until(() => everythingSeen(reader), `round ${round}, ${name}: everything of ${reader.instance}`);
        }
      }
      for (const { instance, inOrder, published, seen } of readers) {
        const expected = inOrder ? published : [...published].sort();
        assert.deepEqual(inOrder ? [...seen] : [...seen].sort(), expected, instance);
      }
      t.diagnostic(
        `${rounds} rounds, ${totals.events} events, ${totals.duplicates} came again, ${totals.brokers} brokers ended, ` +
          `${totals.cuts} times connections were cut`,
      );
    } finally {
      for (const { client } of readers) await client.close();
      for (const wire of wires.values()) wire.close();
      await broker.close();
    }
  });
});
