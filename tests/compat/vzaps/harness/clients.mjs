// Clients with the WebSocket libraries that the SDKs are built on: `ws` (TypeScript) in this process, and
// websocket-client of Debian's Python, a client of the same family as PHP's, in one of its own.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';

import { startPython } from '../../../support/node/python.mjs';

// As the TypeScript SDK asks on a Node without a WebSocket of its own; in a browser it has the query only.
export async function connectWs(broker, token, { browser = false, query = {} } = {}) {
  const url = new URL(`ws://${broker.httpAddress}/events/ws`);
  const parameters = { instance_id: 'device', access_token: token, client_token: 'client', instance_token: 'instance' };
  for (const [name, value] of Object.entries({ ...parameters, ...query })) url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${token}`, 'x-client-token': 'client', 'x-instance-token': 'instance' };
  const socket = new WebSocket(url, { headers: browser ? {} : headers });
  const client = { socket, events: [], waiting: [] };
  socket.on('message', (data, isBinary) => {
    if (isBinary) throw new Error('a binary frame');
    const event = JSON.parse(data.toString());
    const next = client.waiting.shift();
    if (next) next(event);
    else client.events.push(event);
  });
  client.next = () =>
    client.events.length > 0 ? Promise.resolve(client.events.shift()) : new Promise((resolve) => client.waiting.push(resolve));
  client.take = async (count) => {
    const events = [];
    while (events.length < count) events.push(await client.next());
    return events;
  };
  client.ack = (event) => socket.send(JSON.stringify({ type: 'ack', event_id: event.id }));
  client.close = async () => {
    const closed = once(socket, 'close');
    socket.close();
    return (await closed)[0];
  };
  await once(socket, 'open');
  return client;
}

export const numbersOf = (events) => events.map((event) => event.data.event.n);

// A process that acknowledges what it gets and prints a line of each number. `userAgent`: PHP's, perhaps.
export function startPythonClient(broker, token, { userAgent = '' } = {}) {
  const program = fileURLToPath(new URL('client.py', import.meta.url));
  return startPython(program, [broker.httpAddress, token, userAgent]);
}
