import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Outside the range from which the system takes ports of outgoing connections: none of those can take, while a broker is
// down, the port that it comes back to.
const [lowest, highest] = [10_000, 32_000];

const given = new Set(); // By this process, whether they are listened on yet or not.

// Resolves to a port of 127.0.0.1 on which nothing listens, and to no port twice.
export async function freePort() {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (given.has(port)) continue;
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(() => true, () => false); // It rejects when there is an `error`.
    if (!free) continue;
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
}
