// The console in a real browser: what an operator sees and does, and what events cannot do to it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Chromium } from '../support/node/chromium.mjs';
import { HttpBroker } from './http_broker.mjs';

const limit = { timeout: 600_000 };

let browser;
before(async () => {
  browser = await Chromium.start();
});
after(() => browser.stop());

// A broker and a page; at the end the page must have talked to this broker alone, and nothing have gone wrong on it.
async function start(t, options) {
  const broker = await HttpBroker.start([], options);
  const page = await browser.newPage();
  t.after(async () => {
    await broker.close();
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(
      page.requests.filter((url) => !url.startsWith(`${broker.url}/`) && !url.startsWith('data:')),
      [],
    );
  });
  await page.resize(1200, 800);
  return { broker, page };
}

const open = (page, broker, instance = '') => page.open(`${broker.url}/#${encodeURIComponent(instance)}`);
const cursors = (page) => page.evaluate(`[...document.querySelectorAll('#events .cursor')].map((c) => Number(c.innerText))`);
const shows = (selector, text) => `document.querySelector(${JSON.stringify(selector)})?.innerText.includes(${JSON.stringify(text)})`;
const names = `[...document.querySelectorAll('#instances a')].map((a) => a.innerText)`;
// Events numbered `from` to `to`.
function numbered(from, to) {
  const event = (n) => ({ type: 'number', id: `n-${n}`, data: { n } });
  return Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
}

test('instances are listed, page by page, and filtered by name', limit, async (t) => {
  const { broker, page } = await start(t);
  for (let n = 0; n < 60; n++) await broker.publish(`shop-${String(n).padStart(2, '0')}`, numbered(1, 1 + (n % 3)));
  await broker.publish('49170@s.whatsapp.net', numbered(1, 3));
  await open(page, broker);
  await page.until(`${names}.length === 50`);
  assert.match(await page.text('#instances tr'), /^49170@s\.whatsapp\.net\s+3\s+1\s+3\s+\d+ B\s+\d+ s ago$/);
  await page.click('#list-next');
  await page.until(`${names}.length === 11`);
  await page.click('#list-back');
  await page.until(`${names}.length === 50`);
  await page.fill('#filter', 'shop-5');
  await page.until(`${names}.length === 10 && ${names}[0] === 'shop-50'`);
  await page.fill('#filter', 'nobody');
  await page.until(shows('#list-empty', 'No name begins so'));
  await page.fill('#filter', '4917');
  await page.until(`${names}.length === 1`);
  await page.click('#instances a');
  await page.until(`document.querySelectorAll('#events li').length === 3`);
  assert.deepEqual(await cursors(page), [3, 2, 1]);
  assert.equal(await page.text('#name'), '49170@s.whatsapp.net');
});

test('an instance that cannot be read is listed as such, beside the others', limit, async (t) => {
  const { broker, page } = await start(t);
  const restart = async () => {
    await broker.stop();
    await broker.restart();
  };
  await broker.publish('broken', numbered(1, 3));
  await restart(); // The events of each life lie in a file of their own.
  await broker.publish('sound', numbered(1, 2));
  await broker.stop();
  const data = path.join(broker.folder, 'data');
  const tables = readdirSync(data).filter((name) => name.endsWith('.sst')).sort().map((name) => path.join(data, name));
  const first = tables.find((table) => readFileSync(table).includes('events.0000'));
  const bytes = readFileSync(first);
  bytes[12] ^= 1;
  writeFileSync(first, bytes);
  await broker.restart();
  await open(page, broker);
  await page.until(`${names}.join() === 'broken,sound'`);
  assert.equal(await page.text('#instances tr'), 'broken\tcannot be read: DATA_LOSS');
  assert.match(await page.evaluate(`document.querySelector('#instances .bad').title`), /checksum mismatch/);
  assert.match(await page.text('#instances tr:last-child'), /^sound\s+2\s+1\s+2\s+\d+ B\s+\d+ s ago$/);
  await page.click('#instances a');
  await page.until(shows('#error', 'DATA_LOSS'));
  page.complaints.splice(0); // The browser complains about 500.
});

test('an instance is read from the newest back, and from a cursor on, by types', limit, async (t) => {
  const { broker, page } = await start(t);
  await broker.publish('bot', [...numbered(1, 119), { type: 'other', id: 'other', data: null }]);
  await open(page, broker, 'bot');
  await page.until(`document.querySelectorAll('#events li').length === 50`);
  assert.equal((await cursors(page))[0], 120);
  await page.click('#more');
  await page.until(`document.querySelectorAll('#events li').length === 100`);
  assert.equal((await cursors(page)).at(-1), 21);
  await page.fill('#after', '117');
  await page.fill('#types', 'num*');
  await page.click('#read-form button:not([type])');
  await page.until(`document.querySelectorAll('#events li').length === 2`);
  assert.deepEqual(await cursors(page), [118, 119]);
  await page.fill('#after', '999');
  await page.click('#read-form button:not([type])');
  await page.until(shows('#error', 'CURSOR_DIVERGED'));
});

test('consumers are listed with their lag and state', limit, async (t) => {
  const { broker, page } = await start(t);
  await broker.publish('bot', numbered(1, 5));
  await broker.client(['consumers', 'create', 'crm', '--instance=bot', '--from=beginning']);
  await open(page, broker);
  await page.until(shows('#consumers', 'crm'));
  assert.match(await page.text('#consumers tr'), /^crm\s+bot\s+5\s+0\s+0\s+NO_HOLDER$/);
});

test('data is shown as it was written', limit, async (t) => {
  const { broker, page } = await start(t);
  const data = '{"id":12345678901234567890,"a":[],"b":{"c":1.10,"c":"\\u00e9, {}"}}';
  await fetch(`${broker.url}/v1/instances/bot/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"type":"t","id":"i-1","attributes":{"from":"test"},"data":${data}}`,
  });
  await open(page, broker, 'bot');
  await page.until(`document.querySelector('#events summary')`);
  await page.click('#events summary');
  await page.until(`document.querySelector('#events pre')`);
  assert.equal(
    await page.text('#events pre'),
    '{\n  "id": 12345678901234567890,\n  "a": [],\n  "b": {\n    "c": 1.10,\n    "c": "\\u00e9, {}"\n  }\n}',
  );
  assert.match(await page.text('#events li'), /id: i-1[^]*attributes: \{"from":"test"\}/);
});

test('following goes on by itself after the broker was killed, and misses nothing', limit, async (t) => {
  const { broker, page } = await start(t);
  await broker.publish('bot', numbered(1, 2));
  await open(page, broker, 'bot');
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  await page.until(shows('#events', 'Caught up at 2'));
  await broker.publish('bot', numbered(3, 4));
  await page.until(shows('#events .cursor', '4'));
  await broker.kill();
  await page.until(shows('#live', 'reconnecting'));
  await broker.restart();
  await broker.publish('bot', numbered(5, 6));
  await page.until(shows('#events .cursor', '6'));
  assert.deepEqual(await cursors(page), [6, 5, 4, 3, 2, 1]);
  await page.click('#follow');
  await page.until(`document.querySelector('#live').innerText === ''`);
});

test('a burst is shown by its newest', limit, async (t) => {
  const { broker, page } = await start(t);
  await open(page, broker, 'bot');
  await broker.publish('bot', numbered(1, 1));
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  await broker.publish('bot', numbered(2, 2000));
  await page.until(shows('#events .cursor', '2000'));
  const seen = await cursors(page);
  assert.equal(seen.length, 300);
  assert.deepEqual(seen, Array.from({ length: 300 }, (_, i) => 2000 - i));
});

test('an answer that comes too late changes nothing', limit, async (t) => {
  const { broker, page } = await start(t);
  await broker.publish('bot', numbered(1, 120));
  await open(page, broker, 'bot');
  await page.until(`document.querySelectorAll('#events li').length === 50`);
  // Clicks, and holds back the answer with events.
  const clickAndHold = async (button) => {
    await page.evaluate(`(() => {
      const { fetch } = window;
      delete window.release;
      window.fetch = async (path, options) => {
        if (!path.includes('/events?')) return fetch(path, options);
        window.fetch = fetch;
        const text = await (await fetch(path, options)).text();
        await new Promise((resolve) => (window.release = resolve));
        return { ok: true, status: 200, text: async () => text };
      };
    })()`);
    await page.click(button);
    await page.until('window.release');
  };
  // Resolves when the page has done with the answer that was held back.
  const release = () => page.evaluate('new Promise((resolve) => { release(); setTimeout(resolve); })');
  await clickAndHold('#more');
  await page.click('#more'); // Asks for nothing more meanwhile.
  await release();
  await page.until(`!document.querySelector('#more').disabled`);
  assert.deepEqual(await cursors(page), Array.from({ length: 100 }, (_, i) => 120 - i));
  for (const button of ['#more', '#newest']) {
    await clickAndHold(button);
    await page.fill('#after', '117');
    await page.click('#read-form button:not([type])');
    await page.until(`document.querySelectorAll('#events li').length === 3`);
    await release();
    assert.deepEqual(await cursors(page), [118, 119, 120]);
  }
  await clickAndHold('#newest');
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  await page.until(shows('#events', 'Caught up at 120'));
  await release();
  await broker.publish('bot', numbered(121, 121));
  await page.until(shows('#events .cursor', '121'));
  assert.match(await page.text('#events'), /Caught up at 120/);
});

test('trimmed history is a gap', limit, async (t) => {
  const { broker, page } = await start(t);
  await broker.publish('bot', numbered(1, 10));
  await broker.client(['retention', 'set', 'bot', '--events=3']);
  await open(page, broker, 'bot');
  await page.until(`[...document.querySelectorAll('#facts dd')][1]?.innerText === '8'`);
  await page.fill('#after', '2');
  await page.click('#read-form button:not([type])');
  await page.until(shows('#events .gap', '5 events in (2, 7] can no longer be read'));
  assert.deepEqual(await cursors(page), [8, 9, 10]);
});

test('a test event is published, once for each id', limit, async (t) => {
  const { broker, page } = await start(t);
  await open(page, broker, 'new');
  await page.until(shows('#error', 'INSTANCE_NOT_FOUND'));
  await page.fill('#publish-id', 'once');
  await page.fill('#publish-data', '{"text": "hello"}');
  await page.evaluate(`document.querySelector('.publish').open = true`);
  await page.click('#publish-form button');
  await page.until(shows('#published', 'Stored at cursor 1 (on disk)'));
  await page.until(shows('#events .peek', '{"text": "hello"}'));
  await page.click('#publish-form button');
  await page.until(shows('#published', 'Was there before, at cursor 1'));
  await page.fill('#publish-data', '{"text": "other"}');
  await page.click('#publish-form button');
  await page.until(shows('#error', 'ID_CONFLICT'));
  await page.fill('#publish-data', '{"text"');
  await page.click('#publish-form button');
  await page.until(shows('#error', 'SyntaxError'));
});

test('an event that is a script is text', limit, async (t) => {
  const { broker, page } = await start(t);
  const hostile = '<script>window.harm=1</script><img src=x onerror="window.harm=1"><a href="javascript:window.harm=1">x</a>';
  const event = { type: hostile, id: hostile, attributes: { [hostile.slice(0, 60)]: hostile }, data: hostile };
  await broker.publish('bot', [{ ...event, type: hostile.slice(0, 100) }]);
  await broker.publish('bot', [{ ...event, id: `2${hostile}`, type: '"><svg onload=window.harm=1>' , data: { [hostile]: [hostile] } }]);
  await open(page, broker, 'bot');
  await page.until(`document.querySelectorAll('#events li').length === 2`);
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  await broker.publish('bot', [{ ...event, id: `3${hostile}`, type: hostile.slice(0, 100) }]);
  await page.until(shows('#events .cursor', '3'));
  await page.evaluate(`document.querySelectorAll('#events details').forEach((details) => (details.open = true))`);
  await page.until(`document.querySelectorAll('#events pre').length === 3`);
  assert.ok((await page.text('#events')).includes(JSON.stringify(hostile)));
  assert.equal(await page.evaluate(`document.querySelectorAll('#events :is(script, img, a, svg)').length`), 0);
  assert.equal(await page.evaluate('typeof window.harm'), 'undefined');
});

test('whatever its script does, its policy lets no text become markup and no script in', limit, async (t) => {
  const { broker, page } = await start(t);
  await open(page, broker);
  await page.until(shows('#state', 'runs open'));
  for (const way of [
    `document.body.innerHTML = '<img src=x onerror=window.harm=1>'`,
    `document.write('<script>window.harm=1</script>')`,
    `(() => { const script = document.createElement('script'); script.textContent = 'window.harm=1'; document.body.append(script); })()`,
  ]) {
    await assert.rejects(page.evaluate(way), /TrustedHTML|TrustedScript/);
  }
  await assert.rejects(page.evaluate(`fetch('https://elsewhere.example/')`), /Failed to fetch/);
  assert.equal(await page.evaluate('typeof window.harm'), 'undefined');
  assert.equal((await fetch(`${broker.url}/`)).headers.get('referrer-policy'), 'no-referrer');
  page.complaints.splice(0); // The policy's own.
});

test('with keys it asks for one, keeps it in the tab, and says why one is refused', limit, async (t) => {
  const { broker, page } = await start(t, { open: false });
  const { id, secret } = await broker.createKey('reader', { instances: 'bot' });
  await broker.publish('bot', numbered(1, 2));
  await broker.publish('other', numbered(1, 2));
  await open(page, broker);
  await page.until(`${shows('#error', 'UNAUTHENTICATED')} && !document.querySelector('#key-form').hidden`);
  await page.fill('#key', 'ph_wrong');
  await page.click('#key-form button:not([type])');
  await page.until(`${shows('#error', 'not the secret of a key')} && !document.querySelector('#key-form').hidden`);
  await page.fill('#key', secret);
  await page.click('#key-form button:not([type])');
  await page.until(`${names}.join() === 'bot'`);
  await page.until(`document.querySelector('#error').hidden && document.querySelector('#key').value === ''`);
  assert.deepEqual(await page.evaluate(`[Object.values(sessionStorage), localStorage.length, document.cookie]`), [[secret], 0, '']);

  await page.click('#instances a');
  await page.until(`document.querySelectorAll('#events li').length === 2`);
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  await broker.publish('bot', numbered(3, 3));
  await page.until(shows('#events .cursor', '3'));
  await page.click('#publish-form button');
  await page.until(shows('#error', 'PERMISSION_DENIED'));
  assert.ok(page.requests.every((url) => !url.includes(secret)));

  await broker.client(['keys', 'revoke', id]);
  await page.until(`${shows('#error', 'KEY_REVOKED')} && document.querySelector('#follow').ariaPressed === 'false'`);
  await page.click('#key-forget');
  await page.until(shows('#state', 'key needed'));
  assert.equal(await page.evaluate('sessionStorage.length'), 0);
  page.complaints.splice(0);
});

test('following goes on with a new token when the old one has expired', limit, async (t) => {
  const { broker, page } = await start(t, { open: false });
  await broker.publish('bot', numbered(1, 1));
  await open(page, broker);
  await page.fill('#key', broker.adminSecret);
  await page.click('#key-form button:not([type])');
  await page.until(`${names}.join() === 'bot'`);
  // Its first token is soon to expire. One that expired before the stream opened would end the following.
  await page.evaluate(`(() => {
    const { fetch } = window;
    const short = ({ body, ...options }) => {
      return { ...options, body: JSON.stringify({ ...JSON.parse(body), lifetime_seconds: 10 }) };
    };
    let minted = 0;
    const isFirst = (path) => path === '/v1/access_tokens' && minted++ === 0;
    window.fetch = (path, options) => fetch(path, isFirst(path) ? short(options) : options);
  })()`);
  await page.click('#instances a');
  await page.until(`document.querySelectorAll('#events li').length === 1`);
  await page.click('#follow');
  await page.until(shows('#live', 'live'));
  const token = new URL(page.requests.find((url) => url.includes('access_token='))).searchParams.get('access_token');
  const asks = () => fetch(`${broker.url}/v1/instances/bot?access_token=${token}`);
  await broker.kill();
  await page.until(shows('#live', 'reconnecting'));
  await new Promise((resolve) => setTimeout(resolve, 12_000)); // Tokens end on whole seconds.
  await broker.restart();
  assert.equal((await asks()).status, 401);
  await broker.publish('bot', numbered(2, 3));
  await page.until(shows('#events .cursor', '3'));
  assert.deepEqual(await cursors(page), [3, 2, 1]);
  page.complaints.splice(0); // The browser complains about 401.
});

test('it fits a telephone, by day and by night', limit, async (t) => {
  const { broker, page } = await start(t);
  const long = 'x'.repeat(200);
  await broker.publish(long, [{ type: 'y'.repeat(128), id: 'z'.repeat(256), data: { long: 'w'.repeat(5000) } }]);
  for (const dark of [false, true]) {
    await page.resize(390, 844, { dark });
    await open(page, broker);
    await page.until(`${names}.length === 1`);
    assert.ok((await page.evaluate('document.documentElement.scrollWidth')) <= 390);
    await page.click('#instances a');
    await page.until(`document.querySelector('#events summary')`);
    await page.click('#events summary');
    await page.evaluate(`document.querySelector('.publish').open = true`);
    assert.ok((await page.evaluate('document.documentElement.scrollWidth')) <= 390);
    const [back, ink] = await page.evaluate(
      `['backgroundColor', 'color'].map((name) => Number(getComputedStyle(document.body)[name].match(/\\d+/)[0]))`,
    );
    assert.equal(back < ink, dark);
    await page.evaluate(`location.hash = ''`);
  }
});
