// Stands between clients and a broker, to cut their connections without a word.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  #sockets = new Set();
  #server;

  static async start(port) {
    const proxy = new Proxy();
    proxy.#server = createServer((client) => proxy.#join(client, connect(port, '127.0.0.1')));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  #join(client, broker) {
    for (const [from, to] of [[client, broker], [broker, client]]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }

  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
