import { Broker } from '../../../support/node/broker.mjs';
import { bodyOf, Poster, takeWebhooks } from '../../../support/node/webhooks.mjs';

export class MultiwaBroker extends Broker {
  #poster;

  static async start(options) {
    const broker = await super.start(options);
    await takeWebhooks(broker);
    broker.#poster = new Poster(broker);
    return broker;
  }

  async close() {
    this.#poster.close();
    await super.close();
  }

  // Appends events in MultiWA's own words.
  publish(profile, type, dataOfEach) {
    return this.append(profile, dataOfEach.map((data) => ({ type, data, attributes: { dialect: 'multiwa' } })));
  }

  // Posts text messages with these ids, as Meta does: until it is answered 200. `retry` is awaited before each repetition.
  post(profile, ids, retry) {
    const messages = ids.map((id) => ({ from: '628', id, timestamp: '1790000000', type: 'text', text: { body: id } }));
    return this.#poster.post(bodyOf(profile, { messages }), retry);
  }
}
