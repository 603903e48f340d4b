import { Broker } from '../../../support/node/broker.mjs';

// Runs open, as the clients' documentation has it.
export class VzapsBroker extends Broker {
  static start() {
    return super.start({ open: true });
  }

  // Publishes, in VZaps' words, an event for each number.
  publish(...numbers) {
    const attributes = { dialect: 'vzaps' };
    return this.append('device', numbers.map((n) => ({ type: 'Message', data: { type: 'Message', event: { n } }, attributes })));
  }

  async token() {
    const answer = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ client_token: 'client', client_secret: 'secret' }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).access_token;
  }
}
