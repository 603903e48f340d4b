// A client in a process of its own, as MultiWA's page has it: it subscribes whenever it is connected, keeps no position and
// acknowledges nothing. It says on stdout, a line each, which messages it has handled, and connects again when the
// connection ends.
//
// `acks` and `handleMs` are for clients that handle a message some time after they got it: with `acks` they then say so to
// the broker, which is Playhead's addition.
import { writeSync } from 'node:fs';
import { WebSocket } from 'ws';

const { url, profile, acks, handleMs } = JSON.parse(process.argv[2]);

// One write to a pipe: a kill comes before or after it.
const say = (line) => writeSync(1, JSON.stringify(line) + '\n');

function connect() {
  const ws = new WebSocket(url);
  ws.on('error', () => {}); // `close` follows.
  ws.onopen = () => ws.send(JSON.stringify({ type: 'subscribe', payload: { profileId: profile, events: ['*'] } }));
  ws.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === 'ack' && payload.action === 'subscribed') say({ subscribed: payload.replay });
    if (type !== 'event') return;
    const handle = () => {
      say({ id: payload.data.id });
      if (acks && ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ type: 'ack', payload: { cursor: payload.cursor } }));
    };
    say({ got: payload.data.id });
    if (handleMs) setTimeout(handle, handleMs);
    else handle();
  };
  ws.onclose = () => setTimeout(connect, 50);
}
connect();
