// A client that is killed and started again: client_process.mjs, and what all its lives have handled.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { runChild } from '../../../support/node/children.mjs';
import { Watched } from '../../../support/node/watched.mjs';

// socket.io-client notices only after 45 s that it lost everything in the middle of an upgrade (docs/clients/socketio.md).
const patienceMs = 180_000;

const program = fileURLToPath(new URL('client_process.mjs', import.meta.url));

export class Client extends Watched {
  handled = []; // The ids in the order in which they were handled, over all lives.
  got = []; // The same of those that were read, handled or not.
  subscriptions = 0;
  acknowledged = 0; // How many of its acknowledgements are with the broker, at least.
  #options;
  #child;
  #said;

  constructor(options) {
    super();
    this.#options = options;
  }

  start() {
    this.#child = runChild(process.execPath, [program, JSON.stringify(this.#options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: this.#child.stdout });
    lines.on('line', (line) => {
      const { id, got, subscribed, acknowledged } = JSON.parse(line);
      if (id !== undefined) this.handled.push(id);
      if (got !== undefined) this.got.push(got);
      if (subscribed !== undefined) this.subscriptions++;
      if (acknowledged) this.acknowledged++;
      this.tell();
    });
    this.#said = once(lines, 'close');
  }

  until(condition, what) {
    return super.until(condition, what, patienceMs);
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
