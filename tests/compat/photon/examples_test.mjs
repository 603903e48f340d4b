import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { appSecret, bodyOf, message, Poster, text } from '../../support/node/webhooks.mjs';
import { PhotonBroker } from './harness/broker.mjs';
import { loadSdk } from './harness/sdk.mjs';

const AsyncFunction = (async () => {}).constructor;

// The examples read for ever. This is thrown into their loops in place of an event with the text `theEnd`.
class End extends Error {}
const theEnd = 'the end';

// An example, which sees `scope` as the application around it.
function run(name, scope) {
  const body = readFileSync(new URL(`examples/${name}.js`, import.meta.url), 'utf8');
  return new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
}

describe('the documented examples run as written', { timeout: 600_000 }, () => {
  let broker;
  let poster;
  let sdk;
  let accessToken;
  let client; // What the SDK makes, and nothing in front of it but ears.
  let examples = 0;
  let instance; // Of the example.
  let seen; // The events that streams gave the example.
  let live; // Resolves with the first frame of a stream.
  let heard;
  let printed;
  const console = {
    log: (...values) => printed.push(values),
    error: (...values) => printed.push(['error', ...values]),
  };
  before(async () => {
    broker = await PhotonBroker.start();
    poster = new Poster(broker);
    sdk = await loadSdk(broker);
    accessToken = (await broker.createKey('an application')).secret;
  });
  beforeEach(() => {
    instance = `example-${++examples}`;
    [seen, printed] = [[], []];
    live = new Promise((resolve) => (heard = resolve));
    const real = sdk.createClient({ accessToken, phoneNumberId: instance, appSecret });
    const subscribe = (options) =>
      real.events.subscribe({ ...options, onActivity: () => heard() }).map((event) => {
        if (event.message?.content.body === theEnd) throw new End();
        seen.push(event);
        return event;
      });
    client = { ...real, events: { subscribe, fetchMissed: (options) => real.events.fetchMissed(options) } };
  });
  after(async () => {
    poster?.close();
    await broker?.close();
  });

  // The events of this instance, each as the SDK gives it.
  async function events(bodies) {
    for (const body of bodies) await poster.post(body);
    // Another client took them: what it fetched is none of the example's.
    const another = sdk.createClient({ accessToken, phoneNumberId: instance, appSecret });
    const { events } = await another.events.fetchMissed({ cursor: '0' });
    await another.close();
    return events;
  }

  const status = (fields) => ({ id: 'wamid.1', timestamp: '1790000000', recipient_id: '5511900000001', ...fields });

  afterEach(() => client.close());

  it('the event stream', async () => {
    const example = assert.rejects(run('1-event-stream', { client }), End);
    // It has no cursor: what it gets is what comes when it is live.
    await live;
    const sent = [text('hello')];
    await poster.post(bodyOf(instance, { messages: sent, statuses: [status({ status: 'read' })] }));
    await poster.text(instance, theEnd);
    await example;
    assert.deepEqual(seen.map(({ message, status }) => message?.id ?? status.status), [sent[0].id, 'read']);
  });

  it('resume from a saved cursor', async () => {
    const all = await events([bodyOf(instance, { messages: ['a', 'b', 'c', 'd', theEnd].map(text) })]);
    const persisted = [];
    const persist = async (cursor) => persisted.push(cursor);
    await assert.rejects(run('2-resume', { client, lastCursor: all[0].cursor, persist }), End);
    assert.deepEqual(persisted, all.slice(1, 4).map(({ cursor }) => cursor));
  });

  it('narrow on the content of an inbound message', async () => {
    const media = { id: 'media-1', mime_type: 'image/jpeg', sha256: 'abc=', url: 'https://lookaside.fbsbx.com/1' };
    const item = { product_retailer_id: 'sku-1', quantity: 2, item_price: 9.5, currency: 'EUR' };
    const list = await events([
      bodyOf(instance, {
        messages: [
          text('a text'),
          ...['image', 'video', 'audio', 'document'].map((type) => message(type, media)),
          message('location', { latitude: -53.04, longitude: 2.5 }),
          message('reaction', { message_id: 'wamid.1', emoji: '👍' }),
          message('interactive', { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } }),
          message('order', { catalog_id: 'catalog-1', product_items: [item] }),
        ],
      }),
    ]);
    for (const event of list) await run('3-inbound-content', { client, event, console });
    assert.deepEqual(printed.flat(), [
      'a text', 'media-1', 'media-1', 'media-1', 'media-1', -53.04, '👍',
      [{ productRetailerId: 'sku-1', quantity: 2, itemPrice: 9.5, currency: 'EUR' }],
    ]);
  });

  it('replying is refused, since the broker does not send', async () => {
    const [event] = await events([bodyOf(instance, { messages: [text('hello')] })]);
    await assert.rejects(run('4-reply', { client, event }), { name: 'WhatsAppError', grpcCode: 12 });
  });

  it('status updates', async () => {
    const error = { code: 131026, title: 'Message undeliverable', message: 'Message undeliverable' };
    const statuses = [status({ status: 'delivered' }), status({ status: 'failed', errors: [error] })];
    for (const event of await events([bodyOf(instance, { statuses })])) await run('5-status', { event, console });
    assert.deepEqual(printed, [
      ['wamid.1: delivered'],
      ['wamid.1: failed'],
      ['error', 131026, 'Message undeliverable', 'Message undeliverable'],
    ]);
  });

  it('reconnection', async () => {
    const [{ cursor }] = await events([bodyOf(instance, { messages: [text('seen'), text('missed')] })]);
    let stream; // Which the example makes and leaves.
    const { subscribe } = client.events;
    client.events.subscribe = (options) => (stream = subscribe(options));
    await run('6-reconnection', { client, lastCursor: cursor, console });
    for await (const event of stream) {
      assert.equal(event.message.content.body, 'missed');
      break;
    }
    assert.deepEqual(printed, [['reconnect attempt 1']]);
  });

  it('fetching missed events manually', async () => {
    const texts = Array.from({ length: 150 }, (_, i) => text(`${i}`));
    texts.push(text(theEnd));
    const [{ cursor }] = await events([bodyOf(instance, { messages: texts })]);
    const fetched = [];
    const { fetchMissed } = client.events;
    client.events.fetchMissed = async (options) => {
      const result = await fetchMissed(options);
      fetched.push(...result.events);
      return result;
    };
    // It resumes with the cursor before the fetch; the broker goes on where its fetch, of 100, ended.
    await assert.rejects(run('7-missed-manually', { client, lastCursor: cursor }), End);
    const bodies = [...fetched, ...seen].map(({ message }) => message.content.body);
    assert.deepEqual(bodies, texts.slice(1, 150).map((message) => message.text.body));
  });
});
