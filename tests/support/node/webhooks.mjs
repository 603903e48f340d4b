// Webhook bodies of the WhatsApp Cloud API, signed and posted as Meta does.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

export const appSecret = 'the-secret-of-the-whole-app';

// Makes a broker take what is signed with that secret, for every instance.
export function takeWebhooks(broker) {
  return broker.client(['webhook', 'secret', '--all', `--secret_file=${broker.writeSecret('app_secret', appSecret)}`]);
}

// The recorded bodies by their instance, of which each has one, in their order.
export function corpus() {
  const file = new URL('../../data/meta_webhooks.ndjson', import.meta.url);
  const bodies = new Map();
  for (const body of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const instance = JSON.parse(body).entry[0].changes[0].value.metadata.phone_number_id;
    if (!bodies.has(instance)) bodies.set(instance, []);
    bodies.get(instance).push(body);
  }
  return bodies;
}

// A body that carries `messages` (and their senders' names) and `statuses` of one instance.
export function bodyOf(instance, { messages = [], statuses = [] }) {
  const metadata = { display_phone_number: '15550100000', phone_number_id: instance };
  const value = { messaging_product: 'whatsapp', metadata };
  if (messages.length > 0) {
    const senders = [...new Set(messages.map((message) => message.from))];
    value.contacts = senders.map((wa_id) => ({ profile: { name: `Sender ${wa_id}` }, wa_id }));
    value.messages = messages;
  }
  if (statuses.length > 0) value.statuses = statuses;
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1020304050', changes: [{ value, field: 'messages' }] }],
  });
}

let made = 0;

// A message of `type` with its content, with an id that no other has.
export function message(type, content, fields = {}) {
  const id = `wamid.${process.pid}.${++made}`;
  return { from: '5511900000001', id, timestamp: String(1_790_000_000 + made), type, [type]: content, ...fields };
}

export const text = (body) => message('text', { body });

// Posts to one broker over kept connections.
export class Poster {
  #protocol;
  #agent;
  #url;

  constructor(broker) {
    this.#protocol = broker.caFile ? https : http;
    this.#agent = new this.#protocol.Agent({ keepAlive: true, ca: broker.caFile && readFileSync(broker.caFile) });
    this.#url = `${broker.url}/webhook`;
  }

  close() {
    this.#agent.destroy();
  }

  // Resolves to the status; rejects if there was no answer.
  async try(body, secret = appSecret) {
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
    const call = this.#protocol.request(this.#url, { method: 'POST', agent: this.#agent, headers });
    call.end(body);
    const [response] = await once(call, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  }

  // Posts until it is answered 200, as Meta does. `retry` is awaited before each repetition: it resolves when it may help
  // to ask again.
  async post(body, retry = (error) => Promise.reject(error)) {
    for (;;) {
      let status;
      try {
        status = await this.try(body);
      } catch (error) {
        await retry(error);
        continue;
      }
      if (status === 200) return;
      const error = new Error(`the webhook was answered ${status}`);
      if (status < 500) throw error;
      await retry(error);
    }
  }

  text(instance, ...bodies) {
    return this.messages(instance, bodies.map(text));
  }

  // Resolves to the messages.
  async messages(instance, messages) {
    await this.post(bodyOf(instance, { messages }));
    return messages;
  }
}
