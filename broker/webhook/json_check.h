// Whether a document is a JSON object all the way down.
//
// simdjson's on-demand parser looks only at what it is asked for; what it passes over may be anything with balanced
// brackets. Slices of a webhook are stored and shown as JSON, so every token is looked at once before any is taken.
#ifndef PLAYHEAD_BROKER_WEBHOOK_JSON_CHECK_H_
#define PLAYHEAD_BROKER_WEBHOOK_JSON_CHECK_H_

#include <simdjson.h>

namespace playhead::broker::webhook {

// Deeper bodies are not taken apart. Those of the WhatsApp Cloud API have about ten levels.
inline constexpr int kJsonDepthMax = 128;

// Walks the whole document, and rewinds it. True if it is one JSON object (RFC 8259) of at most kJsonDepthMax levels.
// More lenient than simdjson's own getters in two ways that occur: numbers may have any size, and a string may hold a
// lone surrogate as an escape, which a text that was cut in the middle of an emoji does.
bool IsJsonObject(simdjson::ondemand::document& document);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_JSON_CHECK_H_
