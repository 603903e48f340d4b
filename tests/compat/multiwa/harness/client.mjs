// A client that is killed and started again: client_process.mjs, and what all its lives have handled.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { runChild } from '../../photon/harness/children.mjs';

const program = fileURLToPath(new URL('client_process.mjs', import.meta.url));

export class Client {
  handled = []; // The ids in the order in which they were handled, over all lives.
  got = []; // The same of those that were read, handled or not.
  subscriptions = 0;
  #options;
  #child;
  #said;
  #waiting = new Set();

  constructor(options) {
    this.#options = options;
  }

  start() {
    this.#child = runChild(process.execPath, [program, JSON.stringify(this.#options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: this.#child.stdout });
    lines.on('line', (line) => {
      const { id, got, subscribed } = JSON.parse(line);
      if (id !== undefined) this.handled.push(id);
      if (got !== undefined) this.got.push(got);
      if (subscribed !== undefined) this.subscriptions++;
      for (const look of this.#waiting) look();
    });
    this.#said = once(lines, 'close');
  }

  // Resolves when `reached()` is true, which is asked whenever the client says something.
  async until(reached, what, ms = 30_000) {
    let look;
    let late;
    try {
      await new Promise((resolve, reject) => {
        look = () => reached() && resolve();
        late = setTimeout(() => reject(new Error(`the client has not ${what()}`)), ms);
        this.#waiting.add(look);
        look();
      });
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }

  untilHandled(id) {
    return this.until(() => this.handled.includes(id), () => `handled ${id}, only ${this.handled.length} others`);
  }

  untilSubscribed() {
    const before = this.subscriptions;
    return this.until(() => this.subscriptions > before, () => 'subscribed');
  }

  // Resolves when all that it said was read.
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#said;
  }
}
