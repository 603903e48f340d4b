// A broker of a test's own that can be killed and comes back at the same addresses.
import { spawn } from 'node:child_process';
import { createHmac, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { removeAtExit, runChild } from '../../photon/harness/children.mjs';

const adminSecret = 'the-administrator-of-a-test-of-the-multiwa-dialect';
const appSecret = 'the-secret-of-the-whole-app';

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

// A broker promises to stop within 10 s; one that does not is killed, and so fails its test.
const stopMs = 15_000;

// Outside the range from which the system takes ports of outgoing connections, so that the broker can come back to it.
async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const free = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export class Broker {
  #process;
  #flags;
  #log = [];
  #agent = new Agent({ keepAlive: true });

  // Starts one with an administrator, and `flags` of `playhead serve`.
  static async start({ flags = [] } = {}) {
    const broker = new Broker();
    broker.folder = mkdtempSync(path.join(tmpdir(), 'playhead-multiwa-'));
    broker.forget = removeAtExit(broker.folder);
    broker.grpcAddress = `127.0.0.1:${await freePort()}`;
    broker.httpPort = await freePort();
    const file = (name, text) => {
      writeFileSync(path.join(broker.folder, name), text, { mode: 0o600 });
      return path.join(broker.folder, name);
    };
    broker.#flags = [
      `--data_dir=${path.join(broker.folder, 'data')}`,
      `--grpc_listen=${broker.grpcAddress}`,
      `--http_listen=127.0.0.1:${broker.httpPort}`,
      `--admin_secret_file=${file('admin_secret', adminSecret)}`,
      ...flags,
    ];
    await broker.restart();
    await broker.client(['webhook', 'secret', '--all', `--secret_file=${file('app_secret', appSecret)}`]);
    return broker;
  }

  // Starts the broker again, or for the first time; resolves when it serves. What it listens on and stores stays.
  async restart() {
    const child = runChild(process.env.BROKER_BINARY, ['serve', ...this.#flags], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.push(line);
      if (this.#log.length > 200) this.#log.shift();
    });
    const ready = once(createInterface({ input: child.stdout }), 'line');
    const exit = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the broker ended with ${code ?? signal}:\n${this.#log.join('\n')}`);
    });
    await Promise.race([ready, exit]);
    exit.catch(() => {}); // From here on `stop` and `kill` look at how it ended.
    this.#process = child;
  }

  // As a loss of the process: nothing is finished, flushed or said.
  async kill() {
    await this.#end('SIGKILL');
  }

  // A stop that an operator asks for.
  async stop() {
    const code = await this.#end('SIGTERM');
    if (code !== 0) throw new Error(`the broker stopped with ${code}:\n${this.#log.join('\n')}`);
  }

  async close() {
    this.#agent.destroy();
    try {
      if (this.#process) await this.stop();
    } finally {
      this.forget();
    }
  }

  async #end(signal) {
    const child = this.#process;
    this.#process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the broker had ended by itself (${child.exitCode ?? child.signalCode}):\n${this.#log.join('\n')}`);
    }
    const exit = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), stopMs);
    const [code] = await exit;
    clearTimeout(late);
    return code;
  }

  // Runs a command that talks to this broker, as its administrator; resolves to its stdout.
  async client(args, input = '') {
    const child = spawn(process.env.BROKER_BINARY, [...args, `--target=${this.grpcAddress}`], {
      env: { ...environment, PLAYHEAD_KEY: adminSecret },
    });
    child.stdin.end(input);
    const text = async (stream) => (await stream.setEncoding('utf8').toArray()).join('');
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(`playhead ${args.join(' ')}: exit code ${code}: ${error}`);
    return out;
  }

  // Makes a key that may subscribe; resolves to its id and secret.
  async createKey(instances = '*') {
    return JSON.parse(
      await this.client(['keys', 'create', 'a client', '--allow=subscribe', `--instances=${instances}`, '--json']),
    );
  }

  // Appends events in MultiWA's own words.
  async publish(profile, type, dataOfEach) {
    const events = dataOfEach.map((data) => ({ type, data, attributes: { dialect: 'multiwa' } }));
    await this.client(['append', profile, '--ndjson'], events.map((event) => JSON.stringify(event) + '\n').join(''));
  }

  // Posts text messages with these ids, as Meta does: until it is answered 200. `retry` is awaited before each repetition.
  async post(profile, ids, retry = (error) => Promise.reject(error)) {
    const messages = ids.map((id) => ({ from: '628', id, timestamp: '1790000000', type: 'text', text: { body: id } }));
    const value = { metadata: { phone_number_id: profile }, messages };
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
    });
    const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
    for (;;) {
      let why;
      try {
        const call = request(`http://127.0.0.1:${this.httpPort}/webhook`, {
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
        });
        call.end(body);
        const [response] = await once(call, 'response');
        response.resume();
        await once(response, 'end');
        if (response.statusCode === 200) return;
        why = new Error(`the webhook was answered ${response.statusCode}`);
      } catch (error) {
        why = error;
      }
      await retry(why);
    }
  }
}
