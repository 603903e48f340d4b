// The official suites of Engine.IO 4 and Socket.IO 5, each test of theirs a test here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runChild } from '../../support/node/children.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const echoServer = path.join(path.dirname(process.env.BROKER_BINARY), '../tests/compat/socketio_echo_server');

// Runs a suite against a server of its own; resolves to Mocha's report.
async function report(suite) {
  const server = runChild(echoServer, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(createInterface({ input: server.stdout }), 'line');
  const mocha = runChild(
    process.execPath,
    [
      `--import=${path.join(here, 'suites/address_hook.mjs')}`,
      path.join(here, '../node_modules/mocha/bin/mocha'),
      '--reporter=json',
      '--exit',
      // On a busy machine: each test of theirs has a session of its own, so what is really wrong fails each time.
      '--retries=5',
      '--timeout=15000',
      path.join(here, 'suites', suite, 'test-suite.js'),
    ],
    { cwd: here, env: { ...process.env, SUITE_URL: `http://localhost:${port}` }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const output = (await mocha.stdout.setEncoding('utf8').toArray()).join('');
  const exit = once(server, 'exit');
  server.stdin.end();
  assert.equal((await exit)[0], 0, 'the server ends well');
  return JSON.parse(output.slice(output.indexOf('{')));
}

const suites = { 'engineio-v4': 25, 'socketio-v5': 32 };
// One after the other: their timings are short.
const reports = [];
for (const suite of Object.keys(suites)) reports.push(await report(suite));

for (const [index, [suite, count]] of Object.entries(suites).entries()) {
  describe(suite, () => {
    const { tests } = reports[index];
    for (const { fullTitle, err } of tests) {
      it(fullTitle, () => assert.equal(err.stack ?? err.message, undefined));
    }
    it('is whole', () => assert.equal(tests.length, count));
  });
}
