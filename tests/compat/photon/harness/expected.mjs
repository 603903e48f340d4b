// What the SDK must give for a webhook: the tables of Meta's fields, told in the SDK's own types. Written from the public
// documentation of both, and from nothing of the broker.

const time = (seconds) => new Date(Number(seconds) * 1000);

const errorsOf = (errors = []) =>
  errors.map((error) => ({
    code: error.code,
    title: error.title,
    message: error.message,
    details: error.error_data?.details ?? error.details,
    href: error.href,
  }));

const mediaOf = (media) => ({
  id: media.id,
  mimeType: media.mime_type,
  sha256: media.sha256,
  caption: media.caption,
  filename: media.filename,
  voice: media.voice,
});

const interactiveOf = (interactive) => {
  switch (interactive.type) {
    case 'button_reply': {
      const { id, title } = interactive.button_reply;
      return { type: 'button_reply', reply: { id, title } };
    }
    case 'list_reply': {
      const { id, title, description } = interactive.list_reply;
      return { type: 'list_reply', reply: { id, title, description } };
    }
    case 'nfm_reply': {
      const { name, body, response_json } = interactive.nfm_reply;
      return { type: 'nfm_reply', reply: { name, body, responseJson: response_json } };
    }
  }
};

const cardOf = (card) => ({
  name: {
    formattedName: card.name.formatted_name,
    firstName: card.name.first_name,
    lastName: card.name.last_name,
    middleName: card.name.middle_name,
    prefix: card.name.prefix,
    suffix: card.name.suffix,
  },
  phones: (card.phones ?? []).map(({ phone, type, wa_id }) => ({ phone, type, waId: wa_id })),
  emails: (card.emails ?? []).map(({ email, type }) => ({ email, type })),
  addresses: (card.addresses ?? []).map(({ street, city, state, zip, country, country_code, type }) => ({
    street, city, state, zip, country, countryCode: country_code, type,
  })),
  org: card.org && { company: card.org.company, department: card.org.department, title: card.org.title },
  urls: (card.urls ?? []).map(({ url, type }) => ({ url, type })),
  birthday: card.birthday,
});

const contents = {
  text: ({ body }) => ({ body }),
  image: (image) => ({ media: mediaOf(image) }),
  video: (video) => ({ media: mediaOf(video) }),
  audio: (audio) => ({ media: mediaOf(audio) }),
  document: (document) => ({ media: mediaOf(document) }),
  sticker: ({ id, mime_type, sha256, animated }) => ({ sticker: { id, mimeType: mime_type, sha256, animated } }),
  location: ({ latitude, longitude, name, address }) => ({ location: { latitude, longitude, name, address } }),
  contacts: (cards) => ({ contacts: cards.map(cardOf) }),
  reaction: ({ message_id, emoji }) => ({ reaction: { messageId: message_id, emoji: emoji ?? '' } }),
  interactive: (interactive) => ({ interactive: interactiveOf(interactive) }),
  button: ({ text, payload }) => ({ button: { text, payload } }),
  order: ({ catalog_id, product_items, text }) => ({
    order: {
      catalogId: catalog_id,
      productItems: product_items.map((item) => ({
        productRetailerId: item.product_retailer_id,
        quantity: Number(item.quantity),
        itemPrice: Number(item.item_price),
        currency: item.currency,
      })),
      text,
    },
  }),
  system: ({ body, type, wa_id, new_wa_id }) => ({ system: { body, type, newWaId: new_wa_id, waId: wa_id } }),
};

function messageOf(message, contacts = []) {
  const contact = contacts.find(({ wa_id }) => wa_id === message.from) ?? (contacts.length === 1 ? contacts[0] : undefined);
  const { context, referral, type } = message;
  return {
    id: message.id,
    from: message.from,
    timestamp: time(message.timestamp),
    messageType: type,
    contact: contact && { waId: contact.wa_id, name: contact.profile?.name },
    content: contents[type] ? { type, ...contents[type](message[type]) } : { type: 'unknown' },
    context: context && {
      forwarded: context.forwarded,
      frequentlyForwarded: context.frequently_forwarded,
      from: context.from,
      id: context.id,
      referredProduct: context.referred_product && {
        catalogId: context.referred_product.catalog_id,
        productRetailerId: context.referred_product.product_retailer_id,
      },
    },
    referral: referral && {
      sourceUrl: referral.source_url,
      sourceType: referral.source_type,
      sourceId: referral.source_id,
      headline: referral.headline,
      body: referral.body,
    },
    errors: errorsOf(message.errors),
  };
}

function statusOf(status) {
  const { conversation, pricing } = status;
  return {
    id: status.id,
    status: status.status,
    timestamp: time(status.timestamp),
    recipientId: status.recipient_id,
    conversation: conversation && {
      id: conversation.id,
      originType: conversation.origin?.type ?? '',
      expiration: conversation.expiration_timestamp && time(conversation.expiration_timestamp),
    },
    pricing: pricing && {
      billable: pricing.billable,
      pricingModel: pricing.pricing_model,
      type: pricing.type,
      category: pricing.category,
    },
    errors: errorsOf(status.errors),
    bizOpaqueCallbackData: status.biz_opaque_callback_data,
  };
}

// The events of a webhook body, in order, as the SDK gives them, without their cursors.
export function eventsOf(body) {
  return JSON.parse(body).entry.flatMap(({ changes }) =>
    changes.flatMap(({ value }) => [
      ...(value.messages ?? []).map((message) => ({ type: 'message', message: messageOf(message, value.contacts) })),
      ...(value.statuses ?? []).map((status) => ({ type: 'status', status: statusOf(status) })),
    ]),
  );
}
