// A broker of the test's own that serves HTTP, and that may be killed and started again where it was.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

// PLAYHEAD_… are flags to the program, and some that are the tests' own.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLAYHEAD_')));

export class HttpBroker {
  #folder;
  #flags;
  #process;
  address = '127.0.0.1:0'; // Once it has started, with its port; from then on it stays.

  static async start(flags = []) {
    const broker = new HttpBroker();
    broker.#flags = flags;
    broker.#folder = await mkdtemp(path.join(tmpdir(), 'playhead-http-'));
    // Whatever happens, nothing is left behind.
    process.once('exit', () => {
      broker.#process?.kill('SIGKILL');
      rmSync(broker.#folder, { recursive: true, force: true });
    });
    await broker.restart();
    return broker;
  }

  get url() {
    return `http://${this.address}`;
  }

  async restart() {
    const flags = ['serve', `--data_dir=${this.#folder}/data`, '--grpc_listen=127.0.0.1:0', `--http_listen=${this.address}`];
    this.#process = spawn(process.env.BROKER_BINARY, [...flags, ...this.#flags], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [ready] = await once(createInterface({ input: this.#process.stdout }), 'line');
    this.address = ready.replace(/.* http=(\S+)$/, '$1');
  }

  async #end(signal) {
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    const [code] = await exit;
    return code;
  }
  kill() {
    return this.#end('SIGKILL');
  }
  stop() {
    return this.#end('SIGTERM');
  }

  // Appends events of the instance, again and again until they are stored: their ids make that safe.
  async append(instance, events) {
    for (;;) {
      try {
        const response = await fetch(`${this.url}/v1/instances/${instance}/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ events }),
          signal: AbortSignal.timeout(5000),
        });
        if (response.ok) return await response.json();
        const { error } = await response.json();
        if (!error.retryable) throw Object.assign(new Error(error.message), { final: true });
      } catch (error) {
        if (error.final) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

// The server-sent events of a response, as EventSource has them: { name, id, data }.
export async function* serverSentEvents(response) {
  const decoder = new TextDecoder();
  let text = '';
  let id = '';
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      let name = 'message';
      const data = [];
      for (const line of block.split('\n')) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === 'id') id = value;
        if (field === 'event') name = value;
        if (field === 'data') data.push(value);
      }
      yield { name, id, data: data.join('\n') };
    }
  }
}
