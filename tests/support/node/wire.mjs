// What lies between clients and a broker, and can be cut.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Wire {
  #server;
  #pairs = new Set();

  // Passes connections on to `port`.
  static async to(port) {
    const wire = new Wire();
    wire.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      const pair = { near, far };
      wire.#pairs.add(pair);
      for (const [end, other] of [[near, far], [far, near]]) {
        end.setNoDelay(true);
        end.pipe(other);
        end.on('error', () => {});
        end.on('close', () => {
          if (pair.hanging) return;
          other.destroy();
          wire.#pairs.delete(pair);
        });
      }
    });
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    wire.port = wire.#server.address().port;
    return wire;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  // Both ends see their connections break.
  cut() {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  // The client sees it break; the broker hears nothing any more, as from a machine that has lost its power.
  hang() {
    for (const pair of this.#pairs) {
      if (pair.hanging) continue;
      pair.hanging = true;
      pair.near.unpipe(pair.far);
      pair.far.unpipe(pair.near);
      pair.far.pause();
      pair.near.destroy();
    }
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
