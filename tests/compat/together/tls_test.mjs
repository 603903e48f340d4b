// Clients as they come, over TLS with the certificate of an authority that OpenSSL made: those that trust it get what
// they get in plain text, and those that do not are gone before anything is said.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

import { runChild } from '../../support/node/children.mjs';
import { text } from '../../support/node/webhooks.mjs';
import { startClient } from './harness/clients.mjs';
import { Gateway } from './harness/gateway.mjs';
import { baileysOf, multiwaOf, publishers, upsertOf, viewOf, vzapsOf } from './harness/publishers.mjs';

const run = promisify(execFile);

// An authority of its own and a certificate of the broker, as an operator makes them.
async function opensslCertificate(folder) {
  mkdirSync(folder);
  const openssl = (...args) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-keyout'];
  await openssl('req', '-x509', ...newKey, 'ca-key.pem', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Authority of a test');
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  await openssl('req', ...newKey, 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost', '-addext', names);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial'];
  await openssl('x509', '-req', '-in', 'request.pem', ...authority, '-days', '2', '-copy_extensions', 'copyall', '-out', 'cert.pem');
}

describe('over TLS', { timeout: 600_000 }, () => {
  let broker;
  before(async () => {
    broker = await Gateway.start({ tls: opensslCertificate });
  });
  after(() => broker?.close());

  // Has a client get an event live.
  async function getsAnEvent(family, dataOf, options) {
    const place = { ...(await broker.place()), ...options };
    const client = await startClient(family, place);
    try {
      const message = text('in secret');
      await publishers['by webhook'].publish(place, message);
      assert.deepEqual((await client.gets(1))[0].data, dataOf(message));
    } finally {
      await client.close();
    }
  }

  const upsert = (message) => upsertOf(baileysOf(message));

  it('socket.io-client polls', () => getsAnEvent('socketio', upsert, { transports: ['polling'] }));
  it('socket.io-client has its WebSocket', () => getsAnEvent('socketio', upsert, { transports: ['websocket'] }));
  it('socket.io-client goes from one to the other', () => getsAnEvent('socketio', upsert));
  it('ws connects to /ws', () => getsAnEvent('multiwa', multiwaOf));
  it('ws connects to /events/ws', () => getsAnEvent('vzaps', (message) => vzapsOf(message)));

  it('fetch follows a stream of events, and resumes', async () => {
    const place = await broker.place();
    const url = `${broker.url}/v1/instances/${place.instance}/events?from=beginning`;
    const program = fileURLToPath(new URL('harness/sse_reader.mjs', import.meta.url));
    const messages = ['one', 'two'].map(text);
    let lastEventId;
    for (const message of messages) {
      await publishers['as JSON, in nobody’s words'].publish(place, message);
      const options = JSON.stringify({ url, secret: place.key.secret, lastEventId });
      const child = runChild(process.execPath, [program, options], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: broker.caFile },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      child.kill('SIGKILL');
      const { id, data } = JSON.parse(line);
      assert.deepEqual(data.data, viewOf(message));
      lastEventId = id;
    }
  });

  it('curl appends and reads', async () => {
    const { instance, key } = await broker.place();
    const curl = async (secret, ...args) => {
      const authorization = ['--header', `authorization: Bearer ${secret}`];
      const { stdout } = await run('curl', ['--silent', '--show-error', '--fail', '--cacert', broker.caFile, ...authorization, ...args]);
      return JSON.parse(stdout);
    };
    const url = `https://localhost:${broker.httpPort}/v1/instances/${instance}/events`;
    const appended = await curl(broker.adminSecret, '--json', '{"events":[{"type":"note","data":{"n":1}}]}', url);
    assert.deepEqual(appended.cursors, [1]);
    const { events } = await curl(key.secret, `${url}?from=beginning`);
    assert.deepEqual(events.map(({ data }) => data), [{ n: 1 }]);
  });

  it('who does not know the authority does not connect', async () => {
    const { key, instance } = await broker.place();
    for (const address of ['/ws?apiKey=', `/events/ws?instance_id=${instance}&access_token=`]) {
      const socket = new WebSocket(`${broker.url.replace('http', 'ws')}${address}${key.secret}`);
      const [error] = await once(socket, 'error');
      assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    }
    for (const transport of ['polling', 'websocket']) {
      const socket = io(`${broker.url}/api/events`, { auth: { token: key.secret }, transports: [transport], forceNew: true });
      const refused = await new Promise((resolve) => socket.once('connect_error', resolve));
      socket.close();
      assert.match(refused.message, /error/);
    }
    await assert.rejects(fetch(`${broker.url}/healthz`), ({ cause }) => cause.code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await assert.rejects(run('curl', ['--silent', `${broker.url}/healthz`]), { code: 60 });
  });

  it('who speaks plain text is told so or cut off', async () => {
    await assert.rejects(once(new WebSocket(`ws://${broker.httpAddress}/ws`), 'open'));
    const response = await fetch(`http://${broker.httpAddress}/healthz`);
    assert.equal(response.status, 400);
    assert.equal(response.headers.get('error-code'), 'MALFORMED_REQUEST');
  });
});
