// A program in Debian's Python that says what it does, a line each.
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { runChild } from './children.mjs';

export function startPython(program, args) {
  const child = runChild('/usr/bin/python3', [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit'); // Asked for at once: the program may end before its last line is read.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    // The next line; rejects if there is none any more.
    async next() {
      const { done, value } = await lines.next();
      if (done) throw new Error(`${program} ended`);
      return value;
    },

    // Resolves to the exit code when it has ended by itself.
    async ended() {
      return (await exit)[0];
    },

    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
