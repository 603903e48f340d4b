// One message, published in the words of each API.
import { httpRequest } from '../../../support/node/http_request.mjs';
import { bodyOf } from '../../../support/node/webhooks.mjs';


const received = 'message.received';

const contactOf = (body) => JSON.parse(body).entry[0].changes[0].value.contacts[0];
const metadataOf = (body) => JSON.parse(body).entry[0].changes[0].value.metadata;

// What its sender is called: bodyOf's.
const nameOf = ({ from }) => `Sender ${from}`;

// Playhead's canonical view, of which not every API can say everything.
export const viewOf = (message, { named = true } = {}) => ({
  message_id: message.id,
  chat: message.from,
  sender: message.from,
  sender_name: named ? nameOf(message) : '',
  from_me: false,
  timestamp: Number(message.timestamp),
  type: 'text',
  text: message.text.body,
});

export const vzapsOf = (message, options) => ({ type: 'Message', event: viewOf(message, options) });

export const baileysOf = (message, { named = true } = {}) => ({
  key: { remoteJid: `${message.from}@s.whatsapp.net`, fromMe: false, id: message.id },
  messageTimestamp: Number(message.timestamp),
  ...(named && { pushName: nameOf(message) }),
  message: { conversation: message.text.body },
});

export const upsertOf = (...messages) => ({ messages, type: 'notify' });

export const multiwaOf = (message) => ({
  id: message.id,
  from: `${message.from}@c.us`,
  body: message.text.body,
  type: 'chat',
  timestamp: new Date(message.timestamp * 1000).toISOString(),
  hasMedia: false,
});

// Each publishes a message once, however often it has to be called: all give it an id that the broker knows again.
// `forPhoton`: clients of Photon's API, which is about WhatsApp's own events, are shown it. `named`: it says who sent it.
export const publishers = {
  'by webhook': {
    forPhoton: true,
    publish: ({ poster, instance }, message) => poster.post(bodyOf(instance, { messages: [message] })),
  },
  'over gRPC, in WhatsApp’s words': {
    forPhoton: true,
    publish: (place, message) => {
      const body = bodyOf(place.instance, { messages: [message] });
      const data = { metadata: metadataOf(body), contact: contactOf(body), message };
      return overGrpc(place, message, { type: received, data, attributes: { dialect: 'whatsapp' } });
    },
  },
  'over gRPC, in nobody’s words': {
    publish: (place, message) => overGrpc(place, message, { type: received, data: viewOf(message) }),
  },
  'as JSON, in nobody’s words': {
    publish: (place, message) => asJson(place, message, { type: received, data: viewOf(message) }),
  },
  'in VZaps’ words': {
    publish: (place, message) => asJson(place, message, { type: 'Message', data: vzapsOf(message), attributes: { dialect: 'vzaps' } }),
  },
  'in Baileys’ words': {
    publish: (place, message) =>
      asJson(place, message, { type: 'messages.upsert', data: upsertOf(baileysOf(message)), attributes: { dialect: 'baileys' } }),
  },
  'in MultiWA’s words': {
    named: false,
    publish: (place, message) => asJson(place, message, { type: received, data: multiwaOf(message), attributes: { dialect: 'multiwa' } }),
  },
};

const overGrpc = ({ broker, instance }, { id }, event) => broker.append(instance, [{ ...event, id }]);

function asJson({ broker, instance }, { id }, event) {
  return httpRequest(broker, `/v1/instances/${instance}/events`, {
    headers: { authorization: `Bearer ${broker.adminSecret}` },
    body: { events: [{ ...event, id }] },
  });
}
