// A reader that is killed and started again: reader_process.mjs, and what all its lives got.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { runChild } from '../../../support/node/children.mjs';
import { environmentOf, packages } from './sdk.mjs';

const program = fileURLToPath(new URL('reader_process.mjs', import.meta.url));

export class Reader {
  events = []; // { cursor, id } in the order in which they came, over all lives.
  attempts = []; // { attempt, cause } of every reconnection.
  lives = 0;
  #broker;
  #credentials;
  #child;
  #said; // Resolves when all that the process said was read.
  #held = false;
  #active = false;
  #waiting = new Set();

  // `cursor` is where its first life starts: what its application saved before.
  constructor(broker, { credentials, cursor }) {
    this.#broker = broker;
    this.#credentials = credentials;
    this.cursor = cursor;
  }

  get held() {
    return this.#held;
  }

  // Whether this life got a frame of a live stream.
  get active() {
    return this.#active;
  }

  // A new life, which starts with the saved cursor.
  start({ version = '0.3.2', initialDelay = 150, fetch, holdAfter } = {}) {
    this.lives++;
    this.#held = false;
    this.#active = false;
    const { cursor } = this;
    const options = { sdk: packages[version], credentials: this.#credentials, cursor, initialDelay, fetch, holdAfter };
    this.#child = runChild(process.execPath, [program, JSON.stringify(options)], {
      env: { ...process.env, ...environmentOf(this.#broker) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin.on('error', () => {}); // It may have been killed while it was told to go on.
    const lines = createInterface({ input: this.#child.stdout });
    lines.on('line', (line) => this.#hear(JSON.parse(line)));
    this.#said = once(lines, 'close');
    this.#child.once('exit', () => this.#tell());
  }

  #hear(line) {
    if (line.held) this.#held = true;
    if (line.active) this.#active = true;
    if (line.attempt) this.attempts.push(line);
    if (line.id !== undefined) {
      this.events.push(line);
      this.cursor = line.cursor;
    }
    this.#tell();
  }

  #tell() {
    for (const look of this.#waiting) look();
  }

  // Resolves when `reached()` is true, which is asked whenever the reader says something.
  until(reached) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (reached()) resolve();
        else if (this.#child?.exitCode !== null) reject(new Error(`the reader ended with ${this.#child?.exitCode}`));
        else return;
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  // Lets a life that holds go on.
  go() {
    this.#held = false;
    this.#child.stdin.write('go\n');
  }

  // kill -9. Resolves when all that it said is known.
  async kill() {
    if (!this.#child) return;
    this.#child.kill('SIGKILL');
    await this.#said;
    this.#child = undefined;
  }
}
