// The HTTP API with what every JavaScript program has: fetch. Above all: whoever resumes by Last-Event-ID loses nothing,
// whatever is killed when.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Random, runSeed } from '../support/node/random.mjs';
import { serverSentEvents } from '../support/node/server_sent_events.mjs';
import { HttpBroker } from './http_broker.mjs';

const soak = process.env.PLAYHEAD_SOAK === '1';

let broker;
before(async () => {
  broker = await HttpBroker.start();
});
after(() => broker.close());

test('an event comes back as it was, and with a cursor', async () => {
  const appended = await broker.publish('bot', [{ type: 'message', id: 'a', data: { text: 'hi' } }]);
  assert.deepEqual(appended, { cursors: [1], duplicates: [], head_cursor: 1, durability: 'DISK' });
  const page = await (await fetch(`${broker.url}/v1/instances/bot/events?from=beginning`)).json();
  assert.deepEqual(page.events[0].data, { text: 'hi' });
  assert.equal(page.events[0].cursor, 1);
});

test('consumers are told with how far they are', async () => {
  await broker.publish('consumed', [1, 2, 3].map((data) => ({ type: 'number', id: `n-${data}`, data })));
  await broker.client(['consumers', 'create', 'crm', '--instance=consumed', '--from=beginning']);
  await broker.client(['consumers', 'create', 'crm-all', '--all', '--from=now']);
  const list = async (query) => (await fetch(`${broker.url}/v1/consumers?${query}`)).json();
  const page = await list('prefix=crm&page_size=1');
  assert.deepEqual(page.consumers, [
    {
      name: 'crm',
      source: { instance: 'consumed' },
      lag: { event_count: 3, kind: 'EXACT' },
      unsettled_count: 0,
      in_flight: 0,
      parked_count: 0,
      holder_count: 0,
      pause: 'NO_HOLDER',
    },
  ]);
  const next = await list(`prefix=crm&page_size=1&page_token=${encodeURIComponent(page.next_page_token)}`);
  assert.deepEqual(next.consumers[0].source, { all: {} });
  assert.equal(next.next_page_token, undefined);
  assert.equal((await list('page_size=1001')).error.code, 'LIMIT_INVALID');
});

// Follows an instance from the beginning whose n-th event says n, and notices what is lost, repeated or out of order.
// As EventSource does, it resumes with the id of the last event, and would forget where it was if that were empty.
class Follower {
  seen = 0;
  #lastEventId = '';
  #connection;
  #ended = false;
  #waiting = [];

  constructor(instance) {
    this.done = this.#follow(instance);
  }

  async #follow(instance) {
    while (!this.#ended) {
      this.#connection = new AbortController();
      try {
        const headers = { accept: 'text/event-stream' };
        if (this.#lastEventId) headers['last-event-id'] = this.#lastEventId;
        const url = `${broker.url}/v1/instances/${instance}/events?from=beginning`;
        const response = await fetch(url, { headers, signal: this.#connection.signal });
        if (response.status === 503) throw new Error(await response.text()); // The broker is stopping: again.
        assert.equal(response.status, 200);
        for await (const event of serverSentEvents(response)) {
          if (event.name === 'message') this.#take(JSON.parse(event.data));
          assert.ok(event.id || !this.#lastEventId, `${event.name} without an id; PLAYHEAD_TEST_SEED=${runSeed}`);
          this.#lastEventId = event.id;
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #take(event) {
    assert.equal(event.data.n, this.seen + 1, `PLAYHEAD_TEST_SEED=${runSeed}`);
    this.seen = event.data.n;
    this.#waiting = this.#waiting.filter(({ count, resolve }) => this.seen < count || resolve());
  }

  cutOff() {
    this.#connection.abort();
  }

  // When so many have come.
  async reach(count) {
    if (this.seen >= count) return;
    await Promise.race([this.done, new Promise((resolve) => this.#waiting.push({ count, resolve }))]);
  }

  async end() {
    this.#ended = true;
    this.cutOff();
    await this.done;
  }
}

test('nothing is lost, repeated or out of order, whatever is killed', { timeout: soak ? 3_600_000 : 300_000 }, async () => {
  const rounds = soak ? 300 : 20;
  console.log(`PLAYHEAD_TEST_SEED=${runSeed} rounds=${rounds}`);
  const numbers = new Random(runSeed);
  const random = (below) => numbers.between(0, below - 1);
  let appended = 0;
  let writing = true;
  const writer = (async () => {
    while (writing) {
      const events = Array.from({ length: 1 + random(50) }, (_, i) => {
        const n = appended + i + 1;
        return { type: 'number', id: `n-${n}`, data: { n, filler: 'x'.repeat(random(200)) } };
      });
      await broker.publish('numbers', events);
      appended += events.length;
    }
  })();
  const followers = [new Follower('numbers'), new Follower('numbers')];
  for (let round = 0; round < rounds; ++round) {
    const wanted = Math.max(...followers.map((follower) => follower.seen)) + 1 + random(300);
    await Promise.all(followers.map((follower) => follower.reach(wanted)));
    const what = random(4);
    if (what !== 1) followers[random(2)].cutOff();
    if (what === 0) continue;
    if (what === 3) await broker.stop();
    else await broker.kill();
    if (random(2) === 0) followers[random(2)].cutOff();
    await broker.restart();
  }
  writing = false;
  await writer;
  await Promise.all(followers.map((follower) => follower.reach(appended)));
  for (const follower of followers) {
    await follower.end();
    assert.equal(follower.seen, appended, `PLAYHEAD_TEST_SEED=${runSeed}`);
  }
  console.log(`${appended} events, ${rounds} interruptions`);
});
