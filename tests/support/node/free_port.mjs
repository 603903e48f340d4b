import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Outside the range from which the system takes ports of outgoing connections: none of those can take, while a broker is
// down, the port that it comes back to.
const [lowest, highest] = [10_000, 32_000];

// Resolves to a port of 127.0.0.1 on which nothing listens.
export async function freePort() {
  for (;;) {
    const port = randomInt(lowest, highest);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const free = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
