// An application of the SDK in a process of its own: reads an instance and says on stdout, a line each, what it got.
// What it said it has saved: whoever starts it again gives it the last cursor that it said.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { sdk, credentials, cursor, initialDelay, fetch, holdAfter } = JSON.parse(process.argv[2]);
const { createClient, ConnectionError } = await import(sdk);
const client = createClient(credentials);

// One write to a pipe: a kill comes before or after it.
const say = (line) => writeSync(1, JSON.stringify(line) + '\n');
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Waits, where asked to, for the word to go on.
async function hold(where) {
  say({ held: where });
  await orders.next();
}

let lastCursor = cursor;
let count = 0;

async function handle(event) {
  const { type, message, status } = event;
  const id = type === 'message' ? message.id : `${status.id}:${status.status}`;
  lastCursor = event.cursor;
  say({ cursor: lastCursor, id });
  if (++count === holdAfter) await hold('event');
}

async function fetchMissed() {
  for (;;) {
    try {
      return (await client.events.fetchMissed({ cursor: lastCursor, limit: fetch.limit })).events;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, initialDelay)); // The SDK leaves this back-off to applications.
    }
  }
}

// As the documentation has it: what was missed first, then the stream. `pages` bounds how often it fetches.
if (fetch) {
  for (let page = 0; page < fetch.pages; page++) {
    const events = await fetchMissed();
    if (events.length === 0) break;
    for (const event of events) await handle(event);
  }
  if (fetch.hold) await hold('fetched');
}

let active = false;
const stream = client.events.subscribe({
  cursor: fetch?.forget ? cursor : lastCursor,
  onActivity: () => {
    if (!active) say({ active: true });
    active = true;
  },
  reconnect: { initialDelay, maxDelay: 1000, onReconnect: (attempt, cause) => say({ attempt, cause: cause?.code }) },
});
for await (const event of stream) await handle(event);
