import { Broker } from '../../../support/node/broker.mjs';

export class SocketioBroker extends Broker {
  // A key of one instance, which is how clients of this dialect say which they mean; resolves to its id and secret.
  createKeyOf(instance, instances = instance) {
    return this.createKey(instance, { instances });
  }

  // Appends events, [type, payload, id?], in Baileys' own words.
  publish(instance, events) {
    const attributes = { dialect: 'baileys' };
    return this.append(instance, events.map(([type, data, id]) => ({ type, data, attributes, ...(id && { id }) })));
  }
}

// A message as Baileys has it, whose id is `id`.
export function messages(id, text = 'hello') {
  const key = { remoteJid: '491701234567@s.whatsapp.net', fromMe: false, id };
  return { messages: [{ key, message: { conversation: text }, messageTimestamp: 1770285600 }], type: 'notify' };
}
