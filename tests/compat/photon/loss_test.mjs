import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';

import { Random, runSeed } from '../../support/node/random.mjs';
import { appSecret, bodyOf, message, Poster, text } from '../../support/node/webhooks.mjs';
import { PhotonBroker } from './harness/broker.mjs';
import { Reader } from './harness/reader.mjs';

const rounds = process.env.PLAYHEAD_SOAK ? 300 : 20;

// One instance, its publisher and its reader, and what befalls them while events come in.
class Round {
  published = []; // The ids of all events that were acknowledged, in order.
  malformed = 0;
  #broker;
  #poster;
  #random;
  #up = Promise.resolve(); // Resolves when the broker serves.

  constructor({ broker, poster, accessToken, number, seed }) {
    this.#broker = broker;
    this.#poster = poster;
    this.#random = new Random(seed);
    this.instance = `round-${number}`;
    const credentials = { accessToken, phoneNumberId: this.instance, appSecret };
    this.reader = new Reader(broker, { credentials, cursor: '0' });
  }

  // Posts `count` events in some bodies, each until it is acknowledged. `onAcknowledged` is told how many are.
  async publish(count, onAcknowledged = () => {}, bytes = this.#random.between(1, 2000)) {
    for (let done = 0; done < count; ) {
      const messages = [];
      const size = count > 100 ? Math.ceil(500_000 / (bytes + 500)) : this.#random.between(1, 5);
      for (let i = 0; i < Math.min(size, count - done); i++) messages.push(text('x'.repeat(bytes)));
      await this.#poster.post(bodyOf(this.instance, { messages }), () => this.#up);
      this.published.push(...messages.map(({ id }) => id));
      done += messages.length;
      onAcknowledged(done);
    }
  }

  // Publishes, and begins with `act` somewhere in the middle of it.
  async publishDuring(act) {
    const count = this.#random.between(10, 80);
    const middle = this.#random.between(0, count - 1);
    let begin;
    const begun = new Promise((resolve) => (begin = resolve));
    if (middle === 0) begin();
    const look = (done) => {
      if (done >= middle) begin();
    };
    await Promise.all([this.publish(count, look), begun.then(act)]);
  }

  // Ends the broker in one of the two ways and starts it again.
  async restartBroker() {
    let up;
    this.#up = new Promise((resolve) => (up = resolve));
    try {
      if (this.#random.chance(0.75)) await this.#broker.kill();
      else await this.#broker.stop();
      await this.#broker.restart();
    } finally {
      up();
    }
  }

  async #appendMalformed() {
    const id = `malformed-${this.malformed++}`;
    const all = malformedMessages(id);
    const some = Array.from({ length: this.#random.between(1, 5) }, () => this.#random.pick(all));
    await this.#broker.appendRaw(this.instance, 'message.received', some);
    const status = { id, status: 'exploded', timestamp: 'today', recipient_id: '1' };
    await this.#broker.appendRaw(this.instance, 'status.sent', [JSON.stringify({ metadata: {}, status })]);
  }

  start(options) {
    const version = this.#random.chance(0.75) ? '0.3.2' : '0.1.1';
    this.reader.start({ version, initialDelay: this.#random.between(100, 300), ...options });
  }

  // A reader that fetches first, as the documentation has it, in one of its variants. `limit`: events in a page.
  fetching(hold, limit = this.#random.between(1, 100)) {
    const random = this.#random;
    return { limit, pages: random.pick([1, 2, Infinity]), forget: random.chance(0.5), hold };
  }

  // Resolves when the reader has the last of what was published.
  everythingRead() {
    const last = this.published.at(-1);
    const { events } = this.reader;
    let looked = 0;
    return this.reader.until(() => {
      while (looked < events.length) if (events[looked++].id === last) return true;
      return false;
    });
  }

  // What may happen. Each begins and ends with a reader that runs.
  acts = {
    'the broker is killed': () => this.publishDuring(() => this.restartBroker()),

    'the client is killed': () =>
      this.publishDuring(async () => {
        await this.reader.kill();
        this.start();
      }),

    'both are killed': () =>
      this.publishDuring(async () => {
        await Promise.all([this.reader.kill(), this.restartBroker()]);
        this.start();
      }),

    'the broker restarts while the client handles what it missed': async () => {
      await this.reader.kill();
      const missed = this.#random.between(1, 60);
      await this.publish(missed);
      this.start({ holdAfter: this.#random.between(1, missed) });
      await this.reader.until(() => this.reader.held);
      await this.publishDuring(() => this.restartBroker());
      this.reader.go();
    },

    'the broker restarts between fetch and subscribe': async () => {
      await this.reader.kill();
      await this.publish(this.#random.between(1, 60));
      this.start({ fetch: this.fetching(true) });
      await this.reader.until(() => this.reader.held);
      await this.publishDuring(() => this.#random.chance(0.7) && this.restartBroker());
      this.reader.go();
    },

    'there are 10 MiB to catch up with': async () => {
      await this.reader.kill();
      const bytes = this.#random.pick([200, 3000, 50_000]);
      await this.publish(Math.ceil((10 << 20) / (bytes + 300)), undefined, bytes);
      const limit = this.#random.between(50, 100); // With fewer, 20,000 small events take longer than a round may.
      this.start(this.#random.chance(0.5) ? { fetch: this.fetching(false, limit) } : {});
      if (this.#random.chance(0.5)) await this.restartBroker();
    },

    'there are malformed events': async () => {
      if (this.#random.chance(0.5)) {
        await this.#appendMalformed(); // Into the live stream.
        await this.publish(5);
        return;
      }
      await this.reader.kill();
      await this.publish(5);
      await this.#appendMalformed();
      await this.publish(5);
      this.start();
    },
  };

  async run(acts) {
    await this.publish(3);
    this.start();
    await this.everythingRead();
    for (const act of acts) await this.acts[act]();
    await this.everythingRead();
  }

  // How many events came more than once.
  check() {
    const stored = new Set(this.published);
    const seen = new Set();
    let duplicates = 0;
    for (const { id } of this.reader.events) {
      if (!stored.has(id)) assert.match(id, /^malformed-/, 'an event that nobody published');
      else if (seen.has(id)) duplicates++;
      else seen.add(id);
    }
    assert.deepEqual([...seen], this.published, 'the events in the order of their first arrival');
    return duplicates;
  }
}

// Data of events that say they are messages of WhatsApp's and are not what they say.
function malformedMessages(id) {
  const metadata = { display_phone_number: '1', phone_number_id: '1' };
  const messages = [
    { ...message('image', {}), image: undefined },
    message('image', { id: 7 }),
    message('interactive', { type: 'call_permission_reply' }),
    message('interactive', { type: 'button_reply' }),
    message('order', { product_items: 'none' }),
  ];
  return [
    '{"metadata":{},"message":{"type":"image"', // Cut off.
    'not JSON at all',
    JSON.stringify({ metadata }),
    ...messages.map((fields) => JSON.stringify({ metadata, message: { ...fields, id } })),
  ];
}

// A broker with what a round needs of it.
async function startBroker() {
  const broker = await PhotonBroker.start();
  const { secret } = await broker.createKey('readers');
  return { broker, poster: new Poster(broker), accessToken: secret };
}

describe('behind the saved cursor nothing is missing', () => {
  const totals = { events: 0, duplicates: 0, lives: 0, reconnections: 0 };
  const idle = []; // Brokers that no round is using.
  after(async () => {
    for (const { broker, poster } of idle) {
      poster.close();
      await broker.close();
    }
  });

  // They mostly wait: for back-offs of the SDK and of its transport.
  describe('in rounds', { concurrency: 4 }, () => {
    for (let number = 0; number < rounds; number++) {
      it(`round ${number}`, { timeout: 600_000 }, async (t) => {
        const random = new Random(runSeed + number);
        const place = idle.pop() ?? (await startBroker());
        const round = new Round({ ...place, number, seed: random.between(0, 2 ** 31) });
        const kinds = Object.keys(round.acts);
        // Every kind has its turn; what follows is chance.
        const more = Array.from({ length: random.between(0, 2) }, () => random.pick(kinds));
        const acts = [kinds[number % kinds.length], ...more];
        try {
          await round.run(acts);
          totals.duplicates += round.check();
          totals.events += round.published.length;
          totals.lives += round.reader.lives;
          totals.reconnections += round.reader.attempts.length;
        } catch (error) {
          t.diagnostic(`PLAYHEAD_TEST_SEED=${runSeed}: ${acts.join(', then ')}`);
          t.diagnostic(`the reader's last attempts: ${JSON.stringify(round.reader.attempts.slice(-10))}`);
          throw error;
        } finally {
          await round.reader.kill();
          idle.push(place);
        }
      });
    }
  });

  it('as many rounds show', (t) => {
    const { events, duplicates, lives, reconnections } = totals;
    t.diagnostic(
      `PLAYHEAD_TEST_SEED=${runSeed}: ${rounds} rounds, ${events} events, ${duplicates} came again, ` +
        `${lives} lives of clients, ${reconnections} reconnections`,
    );
    assert.ok(lives > rounds && reconnections > 0);
  });
});
