// A client of each dialect, as those who use it write it, behind one face: what it was given, each with its `cursor`,
// its `name` where the dialect names events, and its `data`. They come back by themselves, and over TLS.
import { readFileSync } from 'node:fs';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

import { httpRequest } from '../../../support/node/http_request.mjs';
import { Watched } from '../../../support/node/watched.mjs';
import { appSecret } from '../../../support/node/webhooks.mjs';
import { loadSdk } from '../../photon/harness/sdk.mjs';

const retryMs = 100;

class Client extends Watched {
  got = [];
  connections = 0;

  // Of a place; the Socket.IO client may have `transports` of its own.
  constructor(reader) {
    super();
    this.reader = reader;
  }

  hear(event) {
    this.got.push(event);
    this.tell();
  }

  // To be called when it is connected and gets what is published from then on.
  live() {
    this.connections++;
    this.tell();
  }

  untilLive() {
    return this.until(() => this.connections > 0, () => `${this.constructor.name} is live`);
  }

  // Resolves to everything that it was given, once that is so much.
  async gets(count) {
    await this.until(() => this.got.length >= count, () => `${this.constructor.name} has ${count}, only ${this.got.length}`);
    return this.got;
  }
}

// One that speaks over a plain WebSocket.
class WebSocketClient extends Client {
  #socket;
  #closed = false;

  connect(path, options) {
    const { broker } = this.reader;
    const socket = new WebSocket(broker.url.replace('http', 'ws') + path, { ca: readFileSync(broker.caFile), ...options });
    this.#socket = socket;
    socket.on('error', () => {}); // `close` follows.
    socket.on('open', () => this.opened());
    socket.on('message', (data) => this.take(JSON.parse(data)));
    socket.on('close', () => !this.#closed && setTimeout(() => this.#closed || this.connect(path, options), retryMs));
  }

  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close() {
    this.#closed = true;
    this.#socket.terminate();
  }
}

// As VZaps' TypeScript SDK on Node: it keeps its token, sends what it began with, and acknowledges what it has handled.
export class VzapsClient extends WebSocketClient {
  async start(start) {
    const { broker, instance, key } = this.reader;
    const body = { client_token: key.id, client_secret: key.secret };
    const { access_token } = await httpRequest(broker, '/token', { body });
    const query = { instance_id: instance, access_token, client_token: key.id, instance_token: key.secret };
    if (start !== undefined) query.last_event_id = start;
    const headers = { authorization: `Bearer ${access_token}`, 'x-client-token': key.id, 'x-instance-token': key.secret };
    this.connect(`/events/ws?${new URLSearchParams(query)}`, { headers });
  }

  opened() {
    this.live();
  }

  take({ id, type, instance_id, data }) {
    this.hear({ cursor: id, name: type, instance: instance_id, data });
    this.send({ type: 'ack', event_id: id });
  }
}

// As MultiWA's page has it.
export class MultiwaClient extends WebSocketClient {
  async start(start) {
    this.since = start;
    this.connect(`/ws?apiKey=${this.reader.key.secret}`);
  }

  // `since` is Playhead's addition: a documented client has none.
  opened() {
    const payload = { profileId: this.reader.instance, events: ['*'], ...(this.since && { since: this.since }) };
    this.send({ type: 'subscribe', payload });
  }

  take({ type, payload }) {
    if (type === 'ack' && payload.action === 'subscribed') this.live();
    if (type !== 'event') return;
    this.hear({ cursor: payload.cursor, name: payload.event, instance: payload.profileId, data: payload.data });
  }
}

export class SocketioClient extends Client {
  #socket;

  async start() {
    const { broker, key, transports } = this.reader;
    this.#socket = io(`${broker.url}/api/events`, {
      auth: { token: key.secret },
      ca: readFileSync(broker.caFile),
      transports: transports ?? ['polling', 'websocket'],
      reconnectionDelay: retryMs,
      reconnectionDelayMax: 5 * retryMs,
      forceNew: true,
    });
    // The offset of connection state recovery, which handlers with one parameter do not see.
    this.#socket.onAny((name, data, offset) => this.hear({ cursor: offset, name, data }));
    this.#socket.on('connect', async () => {
      // One that was recovered is subscribed still.
      if (!this.#socket.recovered) await this.#socket.emitWithAck('subscribe', '*');
      this.live();
    });
  }

  close() {
    this.#socket.close();
  }
}

export class PhotonClient extends Client {
  #client;
  #stream;

  async start(start) {
    const { broker, instance, key } = this.reader;
    const { createClient } = await loadSdk(broker);
    this.#client = createClient({ accessToken: key.secret, phoneNumberId: instance, appSecret });
    const reconnect = { initialDelay: retryMs, maxDelay: 5 * retryMs };
    this.#stream = this.#client.events.subscribe({ cursor: start, onActivity: () => this.connections || this.live(), reconnect });
    this.#stream.on(({ cursor, ...data }) => this.hear({ cursor, data }));
  }

  async close() {
    await this.#stream.close();
    await this.#client.close();
  }
}

export const families = { vzaps: VzapsClient, socketio: SocketioClient, multiwa: MultiwaClient, photon: PhotonClient };

// Starts a client of a place (Gateway.place); resolves when it is live. With `start`, a cursor, it goes on behind that.
export async function startClient(family, reader, start) {
  const client = new families[family](reader);
  await client.start(start);
  await client.untilLive();
  return client;
}

// One of each family. Resolves when all are live.
export async function startClients(reader) {
  const names = Object.keys(families);
  const clients = await Promise.all(names.map((family) => startClient(family, reader)));
  return Object.fromEntries(names.map((family, i) => [family, clients[i]]));
}
