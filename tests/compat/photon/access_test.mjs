import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';

import { appSecret, bodyOf, message, Poster, text } from '../../support/node/webhooks.mjs';
import { PhotonBroker } from './harness/broker.mjs';
import { Reader } from './harness/reader.mjs';
import { loadSdk } from './harness/sdk.mjs';

const instance = '106400037000000';

// Canonical codes of gRPC.
const status = { PERMISSION_DENIED: 7, UNIMPLEMENTED: 12, UNAVAILABLE: 14, UNAUTHENTICATED: 16 };

describe('access', { timeout: 600_000 }, () => {
  let broker;
  let poster;
  let sdk;
  before(async () => {
    broker = await PhotonBroker.start();
    poster = new Poster(broker);
    sdk = await loadSdk(broker);
    await poster.text(instance, 'for those who may');
  });
  after(async () => {
    poster?.close();
    await broker?.close();
  });

  async function withClient(accessToken, use, credentials = {}) {
    const client = sdk.createClient({ accessToken, phoneNumberId: instance, appSecret, ...credentials });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  const fetchWith = (accessToken, credentials) =>
    withClient(accessToken, (client) => client.events.fetchMissed({ cursor: '0' }), credentials);

  // Why the first attempt of a stream ended, as the SDK tells it.
  const streamCause = (accessToken, credentials) =>
    withClient(
      accessToken,
      (client) =>
        new Promise((resolve, reject) => {
          const stream = client.events.subscribe({
            cursor: '0',
            reconnect: {
              onReconnect: (attempt, cause) => {
                resolve(cause);
                stream.close();
              },
            },
          });
          stream.on(() => reject(new Error('an event came')));
        }),
      credentials,
    );

  const unauthenticated = { code: 'unauthenticated', grpcCode: status.UNAUTHENTICATED, retryable: false };
  const unauthorized = { code: 'unauthorized', grpcCode: status.PERMISSION_DENIED, retryable: false };

  // Refused as `expected` says, single calls and streams.
  async function assertRefused(accessToken, expected, credentials) {
    const isRefusal = (error) => {
      assert.ok(error instanceof sdk.AuthenticationError, `${error}`);
      const { code, grpcCode, retryable } = error;
      assert.deepEqual({ code, grpcCode, retryable }, expected, error.message);
      return true;
    };
    await assert.rejects(fetchWith(accessToken, credentials), isRefusal);
    isRefusal(await streamCause(accessToken, credentials));
  }

  it('is given to a key that covers the instance', async () => {
    const { secret } = await broker.createKey('right', { instances: `other,${instance.slice(0, 6)}*` });
    const { events } = await fetchWith(secret);
    assert.equal(events.length, 1);
  });

  it('is given without an app secret, and refused with a wrong one', async () => {
    const { secret } = await broker.createKey('app secret');
    assert.equal((await fetchWith(secret, { appSecret: '' })).events.length, 1);
    await assertRefused(secret, unauthenticated, { appSecret: 'not the secret of this app' });
  });

  it('is refused without a key', () => assertRefused('', unauthenticated));

  it('is refused to what is no key', () => assertRefused('a-token-of-some-other-service', unauthenticated));

  it('is refused to a key with another secret', async () => {
    const { secret } = await broker.createKey('wrong');
    await assertRefused(secret.slice(0, -5) + (secret.endsWith('AAAAA') ? 'BBBBB' : 'AAAAA'), unauthenticated);
  });

  it('is refused to a key of another instance', async () => {
    const { secret } = await broker.createKey('elsewhere', { instances: 'another,106400038*' });
    await assertRefused(secret, unauthorized);
  });

  it('is refused to a key that may only append', async () => {
    const { secret } = await broker.createKey('append', { allow: 'append' });
    await assertRefused(secret, unauthorized);
  });

  it('is refused to a key that was revoked', async () => {
    const { id, secret } = await broker.createKey('revoked');
    await fetchWith(secret);
    await broker.client(['keys', 'revoke', id]);
    await assertRefused(secret, unauthenticated);
  });

  it('ends at the expiry of a key', async () => {
    let live = false;
    let expires, secret, cause;
    // For longer, until there is time enough to make the key and to open a stream.
    for (let lifeMs = 2000; !live; lifeMs *= 2) {
      expires = Date.now() + lifeMs;
      try {
        const flags = [`--expires=${new Date(expires).toISOString()}`];
        ({ secret } = await broker.createKey('expiring', { flags }));
      } catch (error) {
        if (!error.message.includes('must lie in the future')) throw error;
        continue;
      }
      cause = await withClient(
        secret,
        (client) =>
          new Promise((resolve) => {
            const stream = client.events.subscribe({
              onActivity: () => (live = true),
              reconnect: { initialDelay: 150, onReconnect: (_, cause) => cause && (stream.close(), resolve(cause)) },
            });
            stream.on(() => {});
          }),
      );
    }
    // The stream that it had ended, and it is refused from then on.
    assert.ok(cause instanceof sdk.AuthenticationError, `${cause}`);
    assert.ok(Date.now() >= expires);
    await assertRefused(secret, unauthenticated);
  });

  it('ends for streams when their key is revoked', async (t) => {
    const { id, secret } = await broker.createKey('streaming');
    await withClient(secret, async (client) => {
      let live;
      let ended;
      const lives = new Promise((resolve) => (live = resolve));
      const end = new Promise((resolve) => (ended = resolve));
      const stream = client.events.subscribe({
        onActivity: live,
        reconnect: { initialDelay: 150, onReconnect: (_, cause) => cause && ended(cause) },
      });
      stream.on(() => {});
      await lives;
      await broker.client(['keys', 'revoke', id]);
      const revoked = performance.now();
      const cause = await end;
      t.diagnostic(`a stream ended ${Math.round(performance.now() - revoked)} ms after its key was revoked`);
      assert.ok(cause instanceof sdk.AuthenticationError, `${cause}`);
      assert.equal(cause.code, 'unauthenticated');
      await stream.close();
    });
  });

  it('goes on with the secret before a rotation, and with the new one', async () => {
    const { id, secret } = await broker.createKey('rotated');
    const rotated = JSON.parse(await broker.client(['keys', 'rotate', id, '--json']));
    assert.notEqual(rotated.secret, secret);
    for (const token of [secret, rotated.secret]) assert.equal((await fetchWith(token)).events.length, 1);
  });

  it('is refused where another authority signed, or to who does not speak TLS', async () => {
    const { default: grpc } = await import('@grpc/grpc-js'); // It reads its environment when it is loaded, as the SDK does.
    const call = (credentials) =>
      new Promise((resolve, reject) => {
        const client = new grpc.Client(broker.grpcAddress, credentials);
        const bytes = (value) => value;
        const method = '/photon.whatsapp.v1.MessageService/FetchMissedEvents';
        client.makeUnaryRequest(method, bytes, bytes, Buffer.alloc(0), (error, response) => {
          client.close();
          if (error) reject(error);
          else resolve(response);
        });
      });
    await assert.rejects(call(grpc.credentials.createInsecure()), { code: status.UNAVAILABLE });
    await assert.rejects(call(grpc.credentials.createSsl(Buffer.from(rootCertificates[0]))), { code: status.UNAVAILABLE });
    // Without metadata there is nothing to go by.
    await assert.rejects(call(grpc.credentials.createSsl()), (error) => {
      assert.equal(error.code, status.UNAUTHENTICATED);
      assert.deepEqual(error.metadata.get('error-code'), ['unauthenticated']);
      return true;
    });
    const plain = httpRequest(`http://${broker.httpAddress}/healthz`);
    plain.end();
    const [response] = await once(plain, 'response');
    response.resume();
    assert.deepEqual([response.statusCode, response.headers['error-code']], [400, 'MALFORMED_REQUEST']);
  });

  describe('to what the broker does not do', () => {
    let secret;
    before(async () => ({ secret } = await broker.createKey('everything')));

    const calls = {
      send: (client) => client.messages.send({ to: '1', text: 'hello' }),
      markRead: (client) => client.messages.markRead('wamid.1'),
      upload: (client) => client.media.upload({ file: Buffer.from('bytes'), mimeType: 'image/png' }),
      delete: (client) => client.media.delete('1'),
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`is refused with a clear text: ${name}`, () =>
        assert.rejects(withClient(secret, call), (error) => {
          assert.ok(error instanceof sdk.WhatsAppError);
          assert.equal(error.grpcCode, status.UNIMPLEMENTED);
          assert.equal(error.code, 'preconditionFailed');
          assert.equal(error.retryable, false);
          assert.ok(error.message.length > 20, error.message);
          return true;
        }));
    }

    it('is given to the url of media, which the webhook had', async () => {
      const url = 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=4711&hash=ARk';
      await poster.messages(instance, [message('image', { id: '4711', mime_type: 'image/jpeg', sha256: 'abc=', url })]);
      const media = await withClient(secret, (client) => client.media.getUrl('4711'));
      assert.deepEqual(media, { url, mimeType: 'image/jpeg', fileSize: 0, sha256: 'abc=' });
    });

    it('is refused to the url of media that no webhook had', async () => {
      await poster.messages(instance, [text('no media'), message('image', { id: '4712', mime_type: 'image/jpeg' })]);
      for (const id of ['4712', 'never-seen']) {
        await assert.rejects(withClient(secret, (client) => client.media.getUrl(id)), (error) => {
          assert.ok(error instanceof sdk.NotFoundError, `${error}`);
          assert.equal(error.code, 'notFound');
          return true;
        });
      }
    });
  });
});

describe('webhooks that the broker cannot verify', { timeout: 600_000 }, () => {
  let broker;
  const readers = [];
  before(async () => {
    broker = await PhotonBroker.start({ secret: false, flags: ['--webhook_unverified'] });
  });
  after(async () => {
    for (const reader of readers) await reader.kill();
    await broker?.close();
  });

  it('are shown to the reader whose app secret signed them, and to nobody else', async () => {
    const { secret: accessToken } = await broker.createKey('reader');
    await broker.appendRaw(instance, 'x.test', ['{}']); // Only instances that exist take any.
    const secrets = ['the secret of the app', 'the secret of a forger'];
    const messages = { [secrets[0]]: [], [secrets[1]]: [] };
    const poster = new Poster(broker);
    for (const secret of [...secrets, ...secrets]) {
      const made = text(secret);
      messages[secret].push(made.id);
      assert.equal(await poster.try(bodyOf(instance, { messages: [made] }), secret), 200);
    }
    poster.close();
    for (const secret of secrets) {
      // In a process of its own: the SDK of this one has the address of the other broker.
      const credentials = { accessToken, phoneNumberId: instance, appSecret: secret };
      const reader = new Reader(broker, { credentials, cursor: '0' });
      readers.push(reader);
      reader.start();
      await reader.until(() => reader.events.at(-1)?.id === messages[secret].at(-1));
      assert.deepEqual(reader.events.map(({ id }) => id), messages[secret]);
    }
  });
});
