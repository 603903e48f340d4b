import { Broker } from '../support/node/broker.mjs';

// Runs open, unless it is told not to.
export class HttpBroker extends Broker {
  static start(flags, { open = true } = {}) {
    return super.start({ open, flags });
  }

  // The headers of a request with JSON, of the administrator if there is one.
  get headers() {
    return { 'content-type': 'application/json', ...(this.adminSecret && { authorization: `Bearer ${this.adminSecret}` }) };
  }

  // Appends events of the instance over HTTP, again and again until they are stored: their ids make that safe.
  async publish(instance, events) {
    for (;;) {
      try {
        const response = await fetch(`${this.url}/v1/instances/${instance}/events`, {
          method: 'POST',
          headers: this.headers,
          body: JSON.stringify({ events }),
          signal: AbortSignal.timeout(30_000),
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
