// A client in a process of its own that subscribes whenever it is connected, keeps no position and acknowledges nothing.
// It says on stdout, a line each, which messages it has handled, and connects again when the connection ends.
//
// `face` is what it speaks: `websocket` as MultiWA's page has it; over Socket.IO `envelopes`, which are the same messages, or
// `rooms`, as the gateway has it.
//
// `acks` and `handleMs` are for clients that handle a message some time after they got it: with `acks` they then say so to
// the broker, which is Playhead's addition, and ask it something: the answer says that it has heard that.
import { writeSync } from 'node:fs';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

const { face, address, key, profile, acks, handleMs } = JSON.parse(process.argv[2]);

// One write to a pipe: a kill comes before or after it.
const say = (line) => writeSync(1, JSON.stringify(line) + '\n');

function got(id, done = () => {}) {
  const handle = () => {
    say({ id });
    done();
  };
  say({ got: id });
  if (handleMs) setTimeout(handle, handleMs);
  else handle();
}

const subscribe = { type: 'subscribe', payload: { profileId: profile, events: ['*'] } };

// `send` sends an envelope, if that is still possible.
function gotEnvelope({ type, payload }, send) {
  if (type === 'ack' && payload.action === 'subscribed') say({ subscribed: payload.replay });
  if (type === 'pong') say({ acknowledged: true });
  if (type !== 'event') return;
  got(payload.data.id, () => {
    if (!acks) return;
    send({ type: 'ack', payload: { cursor: payload.cursor } });
    send({ type: 'ping' });
  });
}

const connectSocketIo = (options) =>
  io(`http://${address}/ws`, { auth: { apiKey: key }, reconnectionDelay: 50, reconnectionDelayMax: 50, ...options });

// socket.io-client hands events on in the next tick, after pings of the same read were answered: a kill in between would
// lose them. So they are handled as they are decoded.
const typeOfEvents = 2;
const onMessage = (socket, handle) =>
  socket.io.decoder.on('decoded', ({ type, data }) => type === typeOfEvents && data[0] === 'message' && handle(data[1]));

const faces = {
  websocket: () => {
    const ws = new WebSocket(`ws://${address}/ws?apiKey=${key}`);
    ws.on('error', () => {}); // `close` follows.
    ws.onopen = () => ws.send(JSON.stringify(subscribe));
    const send = (envelope) => ws.readyState === WebSocket.OPEN && ws.send(JSON.stringify(envelope));
    ws.onmessage = ({ data }) => gotEnvelope(JSON.parse(data), send);
    ws.onclose = () => setTimeout(faces.websocket, 50);
  },
  envelopes: () => {
    const socket = connectSocketIo({});
    socket.on('connect', () => socket.emit('message', subscribe));
    onMessage(socket, (envelope) => gotEnvelope(envelope, (answer) => socket.volatile.emit('message', answer)));
  },
  rooms: () => {
    const socket = connectSocketIo({ transports: ['websocket'] });
    socket.on('connect', () => socket.emit('join', { profileId: profile }, ({ success }) => success && say({ subscribed: 0 })));
    onMessage(socket, ({ message }) => got(message.messageId));
  },
};
faces[face]();
