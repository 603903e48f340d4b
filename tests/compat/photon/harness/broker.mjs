// A broker of a test's own, over TLS, that can be killed and comes back at the same addresses.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { removeAtExit, runChild } from './children.mjs';

export const verifyToken = 'the-token-that-meta-was-given';
export const appSecret = 'the-secret-of-the-whole-app';

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

// A broker promises to stop within 10 s; one that does not is killed, and so fails its test.
const stopMs = 15_000;

// Outside the range from which the system takes ports of outgoing connections: none of those can take, while the broker
// is down, the port that it comes back to.
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

  // Starts one with an administrator, an app secret for all instances unless `secret` is false, and `flags` of
  // `playhead serve`.
  static async start({ secret = true, flags = [] } = {}) {
    const broker = new Broker();
    broker.folder = mkdtempSync(path.join(tmpdir(), 'playhead-photon-'));
    broker.forget = removeAtExit(broker.folder);
    broker.adminSecret = 'the-administrator-of-a-test-of-the-photon-dialect';
    broker.grpcAddress = `localhost:${await freePort()}`;
    broker.httpAddress = `localhost:${await freePort()}`;
    const file = (name, text) => {
      writeFileSync(path.join(broker.folder, name), text, { mode: 0o600 });
      return path.join(broker.folder, name);
    };
    const tls = path.join(broker.folder, 'tls');
    await broker.playhead(['tls', 'dev-cert', tls]);
    broker.caFile = path.join(tls, 'ca.pem');
    broker.#flags = [
      `--data_dir=${path.join(broker.folder, 'data')}`,
      `--grpc_listen=${broker.grpcAddress.replace('localhost', '127.0.0.1')}`,
      `--http_listen=${broker.httpAddress.replace('localhost', '127.0.0.1')}`,
      `--tls_cert=${path.join(tls, 'cert.pem')}`,
      `--tls_key=${path.join(tls, 'key.pem')}`,
      `--admin_secret_file=${file('admin_secret', broker.adminSecret)}`,
      `--webhook_verify_token_file=${file('verify_token', verifyToken)}`,
      ...flags,
    ];
    await broker.restart();
    if (secret) await broker.client(['webhook', 'secret', '--all', `--secret_file=${file('app_secret', appSecret)}`]);
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

  // A stop that an operator asks for. What it must come to is part of every test.
  async stop() {
    const code = await this.#end('SIGTERM');
    if (code !== 0) throw new Error(`the broker stopped with ${code}:\n${this.#log.join('\n')}`);
  }

  // Stops it for good, if it runs. Throws if it had died by itself.
  async close() {
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

  // What the broker wrote to stderr, its latest lines.
  get log() {
    return this.#log.join('\n');
  }

  // Runs a command of the program, as the administrator of this broker; resolves to its stdout.
  async playhead(args, { input = '', key = this.adminSecret } = {}) {
    const child = spawn(process.env.BROKER_BINARY, args, {
      env: { ...environment, ...(this.caFile && { PLAYHEAD_KEY: key, PLAYHEAD_CA: this.caFile }) },
    });
    child.stdin.end(input);
    const text = async (stream) => (await stream.setEncoding('utf8').toArray()).join('');
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(`playhead ${args.join(' ')}: exit code ${code}: ${error}`);
    return out;
  }

  // Runs a command that talks to this broker.
  client(args, options) {
    return this.playhead([...args, `--target=${this.grpcAddress}`], options);
  }

  // Makes a key; resolves to its id and secret.
  async createKey(name, { allow = 'subscribe', instances = '*', flags = [] } = {}) {
    return JSON.parse(
      await this.client(['keys', 'create', name, `--allow=${allow}`, `--instances=${instances}`, '--json', ...flags]),
    );
  }

  // Appends events natively that say they are WhatsApp's, with these texts as their data.
  async appendRaw(instance, type, texts) {
    const attributes = { dialect: 'whatsapp' };
    const events = texts.map((text) => ({ type, data_base64: Buffer.from(text).toString('base64'), attributes }));
    await this.client(['append', instance, '--ndjson'], {
      input: events.map((event) => JSON.stringify(event) + '\n').join(''),
    });
  }
}
