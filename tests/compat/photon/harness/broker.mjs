import { Broker, devCertificate } from '../../../support/node/broker.mjs';
import { takeWebhooks } from '../../../support/node/webhooks.mjs';

// Over TLS, which the SDK always uses; takes signed webhooks, unless it is to have no `secret` of an app.
export class PhotonBroker extends Broker {
  static async start({ secret = true, flags } = {}) {
    const broker = await super.start({ tls: devCertificate, flags });
    if (secret) await takeWebhooks(broker);
    return broker;
  }

  // Appends events natively that say they are WhatsApp's, with these texts as their data.
  appendRaw(instance, type, texts) {
    return this.append(instance, texts.map((data) => ({ type, data, attributes: { dialect: 'whatsapp' } })));
  }
}
