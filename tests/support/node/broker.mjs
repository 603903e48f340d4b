// A broker of a test's own: the real program, which can be killed and comes back at the same addresses. The tests of a
// dialect extend it with their ways to publish.
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { removeAtExit, runChild } from './children.mjs';
import { freePort } from './free_port.mjs';
import { environment, runProgram } from './program.mjs';

const adminSecret = 'the-administrator-of-a-test-of-the-broker';

// A broker that does not stop is killed, and so fails its test.
const stopMs = 120_000;

const logLines = 200;

// A way to have TLS: makes ca.pem, cert.pem and key.pem, for localhost and 127.0.0.1, in a folder.
export const devCertificate = (folder) => runProgram(['tls', 'dev-cert', folder]);

export class Broker {
  #process;
  #flags;
  #forget;
  #log = [];

  // Starts one with an administrator, unless it is to run `open`; over TLS if `tls` makes its certificate; with `flags`
  // of `playhead serve`. Resolves when it serves.
  static async start({ open = false, tls, flags = [] } = {}) {
    const broker = new this();
    broker.folder = mkdtempSync(path.join(tmpdir(), 'playhead-node-'));
    broker.#forget = removeAtExit(broker.folder);
    broker.grpcPort = await freePort();
    broker.httpPort = await freePort();
    broker.#flags = [
      `--data_dir=${path.join(broker.folder, 'data')}`,
      `--grpc_listen=127.0.0.1:${broker.grpcPort}`,
      `--http_listen=${broker.httpAddress}`,
      ...flags,
    ];
    if (!open) {
      broker.adminSecret = adminSecret;
      broker.#flags.push(`--admin_secret_file=${broker.writeSecret('admin_secret', adminSecret)}`);
    }
    if (tls) {
      const folder = path.join(broker.folder, 'tls');
      await tls(folder);
      broker.caFile = path.join(folder, 'ca.pem');
      broker.#flags.push(`--tls_cert=${path.join(folder, 'cert.pem')}`, `--tls_key=${path.join(folder, 'key.pem')}`);
    }
    await broker.restart();
    return broker;
  }

  // By name: libraries of TLS complain about addresses.
  get grpcAddress() {
    return `localhost:${this.grpcPort}`;
  }

  get httpAddress() {
    return `127.0.0.1:${this.httpPort}`;
  }

  // Of its HTTP.
  get url() {
    return `${this.caFile ? 'https' : 'http'}://${this.httpAddress}`;
  }

  // Writes a file in its folder for nobody else to read; returns its path.
  writeSecret(name, text) {
    const file = path.join(this.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  // Starts the broker again, or for the first time; resolves when it serves. What it listens on and stores stays.
  async restart() {
    const child = runChild(process.env.BROKER_BINARY, ['serve', ...this.#flags], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.push(line);
      if (this.#log.length > logLines) this.#log.shift();
    });
    const ready = once(createInterface({ input: child.stdout }), 'line');
    const exit = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the broker ended with ${code ?? signal}:\n${this.log}`);
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
    if (code !== 0) throw new Error(`the broker stopped with ${code}:\n${this.log}`);
  }

  // Stops it for good, if it runs. Throws if it had died by itself.
  async close() {
    try {
      if (this.#process) await this.stop();
    } finally {
      this.#forget();
    }
  }

  async #end(signal) {
    const child = this.#process;
    this.#process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the broker had ended by itself (${child.exitCode ?? child.signalCode}):\n${this.log}`);
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

  // Runs a command of the program against this broker, as its administrator; resolves to its stdout.
  client(args, { input } = {}) {
    const env = { ...(this.adminSecret && { PLAYHEAD_KEY: this.adminSecret }), ...(this.caFile && { PLAYHEAD_CA: this.caFile }) };
    return runProgram([...args, `--target=${this.grpcAddress}`, '--timeout=2m'], { input, env });
  }

  // Makes a key; resolves to its id and secret.
  async createKey(name, { allow = 'subscribe', instances = '*', flags = [] } = {}) {
    return JSON.parse(
      await this.client(['keys', 'create', name, `--allow=${allow}`, `--instances=${instances}`, '--json', ...flags]),
    );
  }

  // Appends events, { type, data, attributes?, id? }, over the native API: a `data` that is a string as its bytes, any
  // other as JSON.
  async append(instance, events) {
    const lines = events.map(({ data, ...event }) => {
      const bytes = Buffer.from(typeof data === 'string' ? data : JSON.stringify(data));
      return JSON.stringify({ ...event, data_base64: bytes.toString('base64') }) + '\n';
    });
    await this.client(['append', instance, '--ndjson'], { input: lines.join('') });
  }
}
