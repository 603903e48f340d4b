// A broker of a test's own, which runs open, can be killed, and comes back at the same addresses.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

// PLAYHEAD_… are flags to the program.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

// Whatever happens, nothing is left behind.
const leftovers = new Set();
process.on('exit', () => leftovers.forEach((remove) => remove()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

// spawn, of a process that is killed when this one ends.
export function spawnChild(...args) {
  const child = spawn(...args);
  const kill = () => child.kill('SIGKILL');
  leftovers.add(kill);
  child.once('exit', () => leftovers.delete(kill));
  return child;
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Broker {
  #process;

  static async start() {
    const broker = new Broker();
    broker.folder = mkdtempSync(path.join(tmpdir(), 'playhead-vzaps-'));
    leftovers.add(() => rmSync(broker.folder, { recursive: true, force: true }));
    broker.grpc = `127.0.0.1:${await freePort()}`;
    broker.http = `127.0.0.1:${await freePort()}`;
    await broker.restart();
    return broker;
  }

  // Starts the broker again, or for the first time; resolves when it serves.
  async restart() {
    const flags = [`--data_dir=${path.join(this.folder, 'data')}`, `--grpc_listen=${this.grpc}`, `--http_listen=${this.http}`];
    this.#process = spawnChild(process.env.BROKER_BINARY, ['serve', ...flags], {
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(createInterface({ input: this.#process.stdout }), 'line');
  }

  // SIGKILL, or SIGTERM; resolves when the process is gone.
  async end(signal = 'SIGKILL') {
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }

  // Publishes, in VZaps' words, an event for each number.
  async append(...numbers) {
    const child = spawnChild(process.env.BROKER_BINARY, ['append', '--ndjson', `--target=${this.grpc}`], {
      env: environment,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    for (const n of numbers) {
      const data = { type: 'Message', event: { n } };
      child.stdin.write(`${JSON.stringify({ instance: 'device', type: 'Message', data, attributes: { dialect: 'vzaps' } })}\n`);
    }
    child.stdin.end();
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`append exited with ${code}`);
  }

  async token() {
    const answer = await fetch(`http://${this.http}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ client_token: 'client', client_secret: 'secret' }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).access_token;
  }
}
