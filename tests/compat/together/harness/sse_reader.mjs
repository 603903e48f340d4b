// Follows an instance with fetch, in a process of its own: only what NODE_EXTRA_CA_CERTS says when Node starts does fetch
// trust. Prints the id and the data of each event.
import { serverSentEvents } from '../../../support/node/server_sent_events.mjs';

const { url, secret, lastEventId } = JSON.parse(process.argv[2]);
const headers = { accept: 'text/event-stream', authorization: `Bearer ${secret}` };
if (lastEventId) headers['last-event-id'] = lastEventId;
const response = await fetch(url, { headers });
if (!response.ok) throw new Error(await response.text());
for await (const { name, id, data } of serverSentEvents(response)) {
  if (name === 'message') console.log(JSON.stringify({ id, data: JSON.parse(data) }));
}
