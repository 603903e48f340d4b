// Both clients behind one face: what they got, and how to wait for it.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { io } from 'socket.io-client';

import { runChild } from '../../../support/node/children.mjs';
import { Watched } from '../../../support/node/watched.mjs';

// The documented names.
export const eventNames = [
  'connection.update', 'auth.qr', 'auth.pairing-code', 'creds.update', 'messages.upsert', 'messages.update',
  'messages.reaction', 'messages.delete', 'chats.upsert', 'chats.update', 'groups.upsert', 'groups.update',
  'group-participants.update', 'contacts.upsert', 'contacts.update', 'presence.update', 'call',
];

// Longer than their libraries overlook the end of a connection. engine.io-client 6.6: for 45 s, where all is cut in the
// middle of an upgrade (socket.js, _probe). python-engineio 4.3.4: for 30 s, where its writer finds the word of the end in
// its queue behind something to send (client.py, _write_loop).
const patienceMs = 180_000;

class Client extends Watched {
  got = []; // [name, payload], in the order in which handlers ran.
  said = []; // Everything else.

  // Resolves when `condition` holds.
  until(condition, what = condition) {
    const state = () => `${what}; got ${this.got.length} events; said ${JSON.stringify(this.said.slice(-10))}`;
    return super.until(condition, state, patienceMs);
  }

  // Resolves when so many events have come.
  gets(count) {
    return this.until(() => this.got.length >= count, `${count} events`);
  }
}

export class JsClient extends Client {
  // `options` are socket.io-client's.
  constructor(url, { auth, events = eventNames, ...options }) {
    super();
    this.socket = io(url, { auth, reconnectionDelay: 100, reconnectionDelayMax: 500, forceNew: true, ...options });
    for (const name of events) {
      this.socket.on(name, (payload) => {
        this.got.push([name, payload]);
        this.tell();
      });
    }
    this.socket.on('connect', () => this.#say({ connected: true, recovered: this.socket.recovered }));
    this.socket.on('disconnect', (reason) => this.#say({ connected: false, reason }));
    this.socket.on('connect_error', (error) => this.#say({ refused: error.message, data: error.data }));
  }

  #say(line) {
    this.said.push(line);
    this.tell();
  }

  // Resolves to what the broker answers.
  subscribe(...names) {
    return this.socket.timeout(120_000).emitWithAck('subscribe', ...names);
  }

  close() {
    this.socket.close();
  }
}

export class PythonClient extends Client {
  #child;

  constructor(url, options) {
    super();
    const program = fileURLToPath(new URL('client.py', import.meta.url));
    this.#child = runChild('/usr/bin/python3', [program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.write(JSON.stringify({ url, events: eventNames, ...options }) + '\n');
    this.#child.stdin.on('error', () => {}); // It may have ended.
    this.#child.stderr.resume(); // Tracebacks of handlers that fail on purpose.
    this.ended = once(this.#child, 'exit');
    createInterface({ input: this.#child.stdout }).on('line', (text) => {
      const line = JSON.parse(text);
      if (line.event) this.got.push([line.event, line.data]);
      else this.said.push(line);
      this.tell();
    });
  }

  subscribed() {
    return this.until(() => this.said.some((line) => line.subscribed), 'subscribed');
  }

  async close() {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
