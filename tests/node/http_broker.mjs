import { Broker } from '../support/node/broker.mjs';

// Runs open.
export class HttpBroker extends Broker {
  static start(flags) {
    return super.start({ open: true, flags });
  }

  // Appends events of the instance over HTTP, again and again until they are stored: their ids make that safe.
  async publish(instance, events) {
    for (;;) {
      try {
        const response = await fetch(`${this.url}/v1/instances/${instance}/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ events }),
          signal: AbortSignal.timeout(5000),
        });
        if (response.ok) return await response.json();
        const { error } = await response.json();
        if (!error.retryable) throw Object.assign(new Error(error.message), { final: true });
      } catch (error) {
        if (error.final) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
