import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { nativeCursor } from '../../support/node/cursor.mjs';
import { appSecret, corpus, Poster } from '../../support/node/webhooks.mjs';
import { PhotonBroker } from './harness/broker.mjs';
import { eventsOf } from './harness/expected.mjs';
import { loadSdk, versions } from './harness/sdk.mjs';

const withoutCursor = ({ cursor, ...event }) => event;

describe('the events of the corpus', { timeout: 600_000 }, () => {
  const bodies = corpus();
  const expected = new Map([...bodies].map(([instance, list]) => [instance, list.flatMap(eventsOf)]));
  const instances = [...bodies.keys()];
  let broker;
  let poster;
  let accessToken;
  before(async () => {
    broker = await PhotonBroker.start();
    poster = new Poster(broker);
    accessToken = (await broker.createKey('readers', { allow: 'subscribe' })).secret;
  });
  after(async () => {
    poster?.close();
    await broker?.close();
  });

  async function withClient(version, instance, use) {
    const { createClient } = await loadSdk(broker, version);
    const client = createClient({ accessToken, phoneNumberId: instance, appSecret });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  // Reads `count` events of one instance in a `for await`, as an application does.
  const read = (version, instance, count) =>
    withClient(version, instance, async (client) => {
      const events = [];
      for await (const event of client.events.subscribe({ cursor: '0', reconnect: { initialDelay: 200 } })) {
        events.push(event);
        if (events.length === count) break;
      }
      return events;
    });

  // Everything of all instances, read at the same time.
  const readAll = (version) =>
    Promise.all(instances.map((instance) => read(version, instance, expected.get(instance).length)));

  const fetchAll = (instance, limit) =>
    withClient('0.3.2', instance, async (client) => {
      const pages = [];
      for (let cursor = '0'; ; ) {
        const { events } = await client.events.fetchMissed({ cursor, limit });
        if (events.length === 0) return pages;
        pages.push(events);
        cursor = events.at(-1).cursor;
      }
    });

  it('come to 50 streams while Meta posts them, equal to their source and in order', async (t) => {
    const posting = instances.map(async (instance) => {
      for (const body of bodies.get(instance)) await poster.post(body);
    });
    const streams = await readAll('0.3.2');
    await Promise.all(posting);
    let count = 0;
    for (const [i, instance] of instances.entries()) {
      assert.deepEqual(streams[i].map(withoutCursor), expected.get(instance));
      count += streams[i].length;
    }
    assert.equal(count, 5038);
    t.diagnostic(`${count} events of ${instances.length} instances, live`);
  });

  for (const version of versions) {
    it(`come again from a cursor, to version ${version}`, async () => {
      const streams = await readAll(version);
      for (const [i, instance] of instances.entries()) {
        assert.deepEqual(streams[i].map(withoutCursor), expected.get(instance));
      }
    });
  }

  it('are under the cursors of the native API', async () => {
    for (const instance of instances.slice(0, 5)) {
      const lines = (await broker.client(['fetch', instance, '--json', '--limit=10000'])).trimEnd().split('\n');
      const [events] = await fetchAll(instance);
      assert.deepEqual(
        events.map(({ cursor }) => nativeCursor(cursor)),
        lines.map((line) => JSON.parse(line).cursor),
      );
    }
  });

  it('resume behind a cursor of the native API', async () => {
    const [instance] = instances;
    const { events } = await withClient('0.3.2', instance, (client) =>
      client.events.fetchMissed({ cursor: '10', limit: 3 }),
    );
    assert.deepEqual(events.map(withoutCursor), expected.get(instance).slice(10, 13));
  });

  for (const limit of [1, 7, 100, 10_000, undefined]) {
    it(`are paged through completely with a limit of ${limit}`, async () => {
      // Of all sizes; one event a page for the small ones only.
      const some = [...instances].sort((a, b) => expected.get(a).length - expected.get(b).length);
      for (const instance of limit === 1 ? some.slice(0, 3) : [some[0], some[25], some[49]]) {
        const pages = await fetchAll(instance, limit);
        assert.deepEqual(pages.flat().map(withoutCursor), expected.get(instance));
        assert.ok(pages.slice(0, -1).every((page) => limit === undefined || page.length === limit));
      }
    });
  }

  it('are stored once, however often Meta posts them', async () => {
    const [instance] = instances;
    for (const body of bodies.get(instance).slice(0, 20)) await poster.post(body);
    const [events] = await fetchAll(instance);
    assert.equal(events.length, expected.get(instance).length);
  });
});
