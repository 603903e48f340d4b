// An event that is published once reaches the clients of every dialect in their own words, under one cursor, which each
// of them takes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { nativeCursor } from '../../support/node/cursor.mjs';
import { bodyOf, text } from '../../support/node/webhooks.mjs';
import { eventsOf } from '../photon/harness/expected.mjs';
import { startClient, startClients } from './harness/clients.mjs';
import { Gateway } from './harness/gateway.mjs';
import { baileysOf, multiwaOf, publishers, upsertOf, vzapsOf } from './harness/publishers.mjs';

describe('one event', { timeout: 600_000 }, () => {
  let broker;
  let place;
  const open = [];
  before(async () => {
    broker = await Gateway.start();
  });
  beforeEach(async () => {
    place = await broker.place();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close();
  });
  after(() => broker?.close());

  const start = async (family, cursor) => {
    const client = await startClient(family, place, cursor);
    open.push(client);
    return client;
  };
  const startAll = async () => {
    const clients = await startClients(place);
    open.push(...Object.values(clients));
    return clients;
  };

  for (const [way, { publish, forPhoton = false, named = true }] of Object.entries(publishers)) {
    it(`published ${way} reaches everybody in their own words, under one cursor`, async () => {
      const { vzaps, socketio, multiwa, photon } = await startAll();
      const message = text('hello');
      await publish(place, message);
      const cursor = await broker.head(place.instance);
      const { instance } = place;
      const [ofVzaps] = await vzaps.gets(1);
      assert.deepEqual(ofVzaps, { cursor: ofVzaps.cursor, name: 'Message', instance, data: vzapsOf(message, { named }) });
      const [ofSocketio] = await socketio.gets(1);
      const upsert = upsertOf(baileysOf(message, { named }));
      assert.deepEqual(ofSocketio, { cursor: ofSocketio.cursor, name: 'messages.upsert', data: upsert });
      const [ofMultiwa] = await multiwa.gets(1);
      assert.deepEqual(ofMultiwa, { cursor: ofMultiwa.cursor, name: 'message.received', instance, data: multiwaOf(message) });
      for (const of of [ofVzaps, ofSocketio, ofMultiwa]) assert.equal(nativeCursor(of.cursor), cursor);
      if (forPhoton) {
        const [ofPhoton] = await photon.gets(1);
        assert.deepEqual(ofPhoton.data, eventsOf(bodyOf(instance, { messages: [message] }))[0]);
        assert.equal(nativeCursor(ofPhoton.cursor), cursor);
      } else {
        // It is passed over: what comes next is the first.
        const next = text('of WhatsApp');
        await publishers['by webhook'].publish(place, next);
        assert.equal((await photon.gets(1))[0].data.message.id, next.id);
      }
    });
  }

  const ofVzaps = ({ data }) => data.event.message_id;
  const ofMultiwa = ({ data }) => data.id;
  const ofPhoton = ({ data }) => data.message.id;

  it('gives a cursor with which the clients of every other dialect go on behind it', async () => {
    const clients = await startAll();
    const messages = [];
    for (let i = 0; i < 4; i++) {
      messages.push(text(`${i}`));
      await publishers['by webhook'].publish(place, messages.at(-1));
    }
    const cursors = { native: String((await broker.head(place.instance)) - 2) };
    for (const [family, client] of Object.entries(clients)) cursors[family] = (await client.gets(4))[1].cursor;
    const rest = messages.slice(2).map(({ id }) => id);
    for (const [family, cursor] of Object.entries(cursors)) {
      for (const [other, idOf] of Object.entries({ vzaps: ofVzaps, multiwa: ofMultiwa, photon: ofPhoton })) {
        const client = await start(other, cursor);
        assert.deepEqual((await client.gets(2)).map(idOf), rest, `${other}, with a cursor of ${family}`);
      }
    }
  });

  it('that says several things may be resumed between them', async () => {
    const clients = await startAll();
    const messages = ['one', 'two', 'three'].map(text);
    const data = upsertOf(...messages.map((message) => baileysOf(message)));
    await broker.append(place.instance, [{ type: 'messages.upsert', data, attributes: { dialect: 'baileys' } }]);
    const cursor = await broker.head(place.instance);
    assert.deepEqual((await clients.socketio.gets(1))[0].data, data);
    const parts = await clients.vzaps.gets(3);
    assert.deepEqual(parts.map(ofVzaps), messages.map(({ id }) => id));
    assert.deepEqual(parts.map((part) => nativeCursor(part.cursor)), [cursor, cursor, cursor]);
    // The same places in the words of another dialect.
    assert.deepEqual((await clients.multiwa.gets(3)).map((part) => part.cursor), parts.map((part) => part.cursor));
    const [one, two] = parts;
    const next = text('next');
    await publishers['by webhook'].publish(place, next);
    const multiwa = await start('multiwa', one.cursor);
    assert.deepEqual((await multiwa.gets(3)).map(ofMultiwa), [messages[1].id, messages[2].id, next.id]);
    const vzaps = await start('vzaps', two.cursor);
    assert.deepEqual((await vzaps.gets(2)).map(ofVzaps), [messages[2].id, next.id]);
    const photon = await start('photon', one.cursor);
    assert.deepEqual((await photon.gets(1)).map(ofPhoton), [next.id]);
  });
});
