// The examples of the API's documentation, as they are written, but for the address and the key.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { removeAtExit, runChild } from '../../support/node/children.mjs';
import { messages, SocketioBroker } from './harness/broker.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

describe('the documented examples', () => {
  let broker;
  before(async () => {
    broker = await SocketioBroker.start();
  });
  after(() => broker.close());

  for (const [program, file] of [[process.execPath, 'listen.cjs'], ['/usr/bin/python3', 'listen.py']]) {
    it(file, { timeout: 600_000 }, async ({ signal }) => {
      const instance = `example-${path.extname(file).slice(1)}`;
      const { secret } = await broker.createKeyOf(instance);
      const folder = mkdtempSync(path.join(tmpdir(), 'playhead-example-'));
      removeAtExit(folder);
      symlinkSync(path.join(here, '../node_modules'), path.join(folder, 'node_modules'));
      const source = readFileSync(path.join(here, 'examples', file), 'utf8');
      const example = path.join(folder, file);
      writeFileSync(example, source.replace('http://localhost:3000', broker.url).replace('your-api-key', secret));
      const said = [];
      const expected = ['New message from 491701234567@s.whatsapp.net', 'hello', 'Connection status: open'];
      let child;
      let lines;
      const start = () => {
        child = runChild(program, [example], { stdio: ['ignore', 'pipe', 'inherit'] });
        lines = createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
      };
      start();
      // Nothing tells when it is subscribed.
      for (let number = 0; !signal.aborted && !expected.every((text) => said.includes(text)); number++) {
        if (child.exitCode !== null) start(); // As documented, Python's waits a second for its connection.
        const id = `example-${number}`;
        await broker.publish(instance, [['call', [{ id }]], ['messages.upsert', messages(id)], ['connection.update', { connection: 'open' }]]);
        await Promise.race([once(lines, 'line'), setTimeout(500)]);
      }
      child.kill('SIGKILL');
      // Python's handlers run in threads, which may print into each other's lines.
      const rest = (line) => ['Connected', ...expected].reduce((text, known) => text.replaceAll(known, ''), line);
      assert.deepEqual(said.filter((line) => rest(line) !== ''), []);
    });
  }
});
