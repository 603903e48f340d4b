// A broker of a test's own, without TLS as the clients' documentation has it, that can be killed and comes back at the
// same addresses.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { removeAtExit, runChild } from '../../photon/harness/children.mjs';

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

// A broker promises to stop within 10 s; one that does not is killed, and so fails its test.
const stopMs = 15_000;

// Outside the range from which the system takes ports of outgoing connections: none of those can take, while the broker
// is down, the port that it comes back to.
export async function freePort() {
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

  // With an administrator, unless it is to run `open`.
  static async start({ open = false } = {}) {
    const broker = new Broker();
    const folder = mkdtempSync(path.join(tmpdir(), 'playhead-socketio-'));
    broker.forget = removeAtExit(folder);
    broker.grpcPort = await freePort();
    broker.httpPort = await freePort();
    broker.url = `http://127.0.0.1:${broker.httpPort}`;
    broker.#flags = [
      `--data_dir=${path.join(folder, 'data')}`,
      `--grpc_listen=127.0.0.1:${broker.grpcPort}`,
      `--http_listen=127.0.0.1:${broker.httpPort}`,
    ];
    if (!open) {
      broker.adminSecret = 'the-administrator-of-a-test-of-the-socketio-dialect';
      const file = path.join(folder, 'admin_secret');
      writeFileSync(file, broker.adminSecret, { mode: 0o600 });
      broker.#flags.push(`--admin_secret_file=${file}`);
    }
    await broker.restart();
    return broker;
  }

  // Starts the broker again, or for the first time; resolves when it serves.
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

  // A stop that an operator asks for. What it must come to is part of every test.
  async stop() {
    const code = await this.#end('SIGTERM');
    if (code !== 0) throw new Error(`the broker stopped with ${code}:\n${this.#log.join('\n')}`);
  }

  // Stops it for good. Throws if it had died by itself.
  async close() {
    try {
      await this.stop();
    } finally {
      this.forget();
    }
  }

  async #end(signal) {
    const child = this.#process;
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

  // Runs a command of the program against this broker, as its administrator; resolves to its stdout.
  async client(args, { input = '' } = {}) {
    const child = spawn(process.env.BROKER_BINARY, [...args, `--target=127.0.0.1:${this.grpcPort}`], {
      env: { ...environment, ...(this.adminSecret && { PLAYHEAD_KEY: this.adminSecret }) },
    });
    child.stdin.on('error', () => {}); // It may have ended before it read everything.
    child.stdin.end(input);
    const text = async (stream) => (await stream.setEncoding('utf8').toArray()).join('');
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(`playhead ${args.join(' ')}: exit code ${code}: ${error}`);
    return out;
  }

  // Makes a key; resolves to its id and secret.
  async createKey(name, instances = name) {
    return JSON.parse(
      await this.client(['keys', 'create', name, '--allow=subscribe', `--instances=${instances}`, '--json']),
    );
  }

  // Appends events, [type, payload, id?], in Baileys' own words.
  async append(instance, events) {
    const lines = events.map(([type, payload, id]) => {
      const data_base64 = Buffer.from(JSON.stringify(payload)).toString('base64');
      return JSON.stringify({ type, data_base64, attributes: { dialect: 'baileys' }, ...(id && { id }) }) + '\n';
    });
    await this.client(['append', instance, '--ndjson'], { input: lines.join('') });
  }
}

// A message as Baileys has it, whose id is `id`.
export function messages(id, text = 'hello') {
  const key = { remoteJid: '491701234567@s.whatsapp.net', fromMe: false, id };
  return { messages: [{ key, message: { conversation: text }, messageTimestamp: 1770285600 }], type: 'notify' };
}
