import { Broker, devCertificate } from '../../../support/node/broker.mjs';
import { Poster, takeWebhooks } from '../../../support/node/webhooks.mjs';

// A broker for clients of all dialects at once.
export class Gateway extends Broker {
  #poster;
  #instances = 0;

  // `tls` makes its certificate.
  static async start({ tls = devCertificate } = {}) {
    const broker = await super.start({ tls });
    await takeWebhooks(broker);
    broker.#poster = new Poster(broker);
    return broker;
  }

  async close() {
    this.#poster.close();
    await super.close();
  }

  // A new instance: what its publishers and its clients need.
  async place() {
    const instance = `together-${++this.#instances}`;
    const key = await this.createKey('its clients', { instances: instance });
    return { broker: this, poster: this.#poster, instance, key };
  }

  // The cursor of the newest event, from the native API.
  async head(instance) {
    return JSON.parse(await this.client(['instances', instance, '--json'])).head_cursor;
  }
}
