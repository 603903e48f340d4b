// socket.io-client in a real browser, on a page of another origin than the broker's: what the browser lets through.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { Chromium } from '../../support/node/chromium.mjs';
import { messages, SocketioBroker } from './harness/broker.mjs';

const library = new URL('../node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url);

// `connect` resolves to what became of it, and keeps what comes.
const page = `<!doctype html><meta charset="utf-8"><title>dashboard</title><script src="/socket.io.js"></script><script>
  window.seen = [];
  window.connect = (url, token, transports) => new Promise((resolve) => {
    const socket = io(url + '/api/events', { auth: { token }, transports, reconnection: false, forceNew: true });
    socket.on('messages.upsert', ({ messages: [message] }) => seen.push(message.key.id));
    socket.on('connect_error', (error) => resolve('connect_error ' + (error.data?.code ?? error.message)));
    socket.on('connect', async () => {
      await socket.emitWithAck('subscribe', ['messages.upsert']);
      resolve('connected');
    });
  });
</script>`;

let server, origin, browser;
before(async () => {
  const script = await readFile(library);
  server = createServer((request, response) => {
    const isScript = request.url === '/socket.io.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await Chromium.start();
});
after(async () => {
  await browser.stop();
  server.closeAllConnections();
  server.close();
});

async function start(t, { allowed, open }) {
  const broker = await SocketioBroker.start({ open, flags: [`--http_cors_origins=${allowed}`] });
  t.after(() => broker.close());
  const view = await browser.newPage();
  await view.open(`${origin}/`);
  await view.until('window.connect');
  return {
    broker,
    view,
    connect: (token, transports) =>
      view.evaluate(`connect(${JSON.stringify(broker.url)}, ${JSON.stringify(token)}, ${JSON.stringify(transports)})`),
  };
}

const elsewhere = 'https://elsewhere.example';

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`a page of an origin that is allowed gets events by ${transports.join(' and ')}`, { timeout: 600_000 }, async (t) => {
    const { broker, view, connect } = await start(t, { allowed: origin, open: true });
    await broker.publish('bot', [['messages.upsert', messages('before')]]);
    assert.equal(await connect('bot', transports), 'connected');
    await broker.publish('bot', ['a', 'b'].map((id) => ['messages.upsert', messages(id)]));
    await view.until('seen.length >= 2');
    assert.deepEqual(await view.evaluate('seen'), ['a', 'b']);
  });
}

test('it reads why it is refused, by the client as by fetch', { timeout: 600_000 }, async (t) => {
  const { broker, view, connect } = await start(t, { allowed: origin });
  assert.equal(await connect('ph_wrong', ['polling']), 'connect_error UNAUTHORIZED');
  const url = JSON.stringify(`${broker.url}/socket.io/?EIO=3&transport=polling`);
  // The header makes the browser ask first (OPTIONS).
  const answer = await view.evaluate(`fetch(${url}, { headers: { 'x-api-key': 'k' } }).then(async (r) => [r.status, await r.json()])`);
  assert.equal(answer[0], 400);
  assert.equal(answer[1].code, 5);
});

test('a page of another origin is kept out of a broker that runs open', { timeout: 600_000 }, async (t) => {
  const { connect } = await start(t, { allowed: elsewhere, open: true });
  assert.equal(await connect('bot', ['polling']), 'connect_error xhr poll error');
  assert.equal(await connect('bot', ['websocket']), 'connect_error websocket error');
});

test('of a broker with keys it sees nothing by polling, and by WebSocket what its key lets it', { timeout: 600_000 }, async (t) => {
  const { connect } = await start(t, { allowed: elsewhere });
  assert.equal(await connect('ph_wrong', ['polling']), 'connect_error xhr poll error');
  assert.equal(await connect('ph_wrong', ['websocket']), 'connect_error UNAUTHORIZED');
});
