// A web page in a real browser: EventSource with an access token, from another origin. It reconnects by itself after the
// broker was killed, and has lost nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { Chromium } from '../support/node/chromium.mjs';
import { HttpBroker } from './http_broker.mjs';

// The page of docs/clients/http.md, but that it tells the test what it sees. It gets its token from the server it is from.
const page = `<!doctype html><meta charset="utf-8"><title>tail</title><script type="module">
  let told = Promise.resolve();
  const tell = (what) => (told = told.then(() => fetch('/saw', { method: 'POST', body: JSON.stringify(what) })));
  const { url, access_token } = await (await fetch('/token')).json();
  const events = new EventSource(url + '/v1/instances/bot/events?from=beginning&access_token=' + access_token);
  events.onmessage = (message) => tell({ n: JSON.parse(message.data).data.n, id: message.lastEventId });
  events.addEventListener('caught_up', (message) => tell({ caught_up: JSON.parse(message.data).cursor }));
</script>`;

// What the page told, one after the other.
class Told {
  #all = [];
  #wake = () => {};
  add(what) {
    this.#all.push(what);
    this.#wake();
  }
  async until(found) {
    while (!this.#all.some(found)) await new Promise((resolve) => (this.#wake = resolve));
  }
  get numbers() {
    return this.#all.filter((what) => 'n' in what).map((what) => what.n);
  }
}

// The server of the page. It has the key; the page has what it mints.
async function serve(told, broker) {
  const server = createServer(async (request, response) => {
    if (request.url === '/saw') {
      let body = '';
      for await (const part of request) body += part;
      told.add(JSON.parse(body));
      return response.end();
    }
    if (request.url === '/token') {
      const minted = await fetch(`${broker().url}/v1/access_tokens`, {
        method: 'POST',
        headers: broker().headers,
        body: JSON.stringify({ instances: 'bot' }),
      });
      return response.end(JSON.stringify({ url: broker().url, ...(await minted.json()) }));
    }
    response.setHeader('content-type', 'text/html');
    return response.end(request.url === '/' ? page : '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a page in a browser resumes by itself', { timeout: 240_000 }, async (t) => {
  const told = new Told();
  let broker, browser;
  const server = await serve(told, () => broker);
  // In this order, which is the reverse of what several hooks have: the browser is the others' client.
  t.after(async () => {
    await browser?.stop();
    server.closeAllConnections();
    server.close();
    await broker?.close();
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  broker = await HttpBroker.start([`--http_cors_origins=${origin}`], { open: false });
  const append = (from, to) => {
    const events = [];
    for (let n = from; n <= to; ++n) events.push({ type: 'number', id: `n-${n}`, data: { n } });
    return broker.publish('bot', events);
  };

  await append(1, 3);
  browser = await Chromium.start();
  await (await browser.newPage()).open(`${origin}/`);
  await told.until((what) => what.caught_up === 3);
  await append(4, 5);
  await told.until((what) => what.n === 5);
  await broker.kill();
  await broker.restart();
  await append(6, 8);
  await told.until((what) => what.n === 8);
  await broker.stop();
  await broker.restart();
  await append(9, 9);
  await told.until((what) => what.n === 9);
  assert.deepEqual(told.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
