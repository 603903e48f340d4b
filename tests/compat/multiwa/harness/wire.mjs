// What lies between a client and the broker, and can be cut.
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
      near.pipe(far);
      far.pipe(near);
      for (const [end, other] of [[near, far], [far, near]]) {
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

  // Both ends see the connection break.
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
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#server.close();
  }
}
