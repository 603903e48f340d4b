// JSON (RFC 8259) with its bytes preserved: a text is validated as a whole, and slices of it are taken verbatim.
//
// simdjson's on-demand parser validates only the values it is asked for; the rest may be anything with balanced
// brackets. Bytes that are stored and shown as JSON must be JSON, so every token is validated before any value is
// taken.
#ifndef PLAYHEAD_PROTO_JSON_DOCUMENT_H_
#define PLAYHEAD_PROTO_JSON_DOCUMENT_H_

#include <simdjson.h>

#include <string>

#include "absl/strings/string_view.h"

namespace playhead {

// Texts with deeper nesting are not parsed. Those of the WhatsApp Cloud API have about ten levels.
inline constexpr int kJsonDepthMax = 128;

// Walks the whole document, and rewinds it. True if it is one JSON object of at most kJsonDepthMax levels.
// More lenient than simdjson's own getters in two cases that occur in practice: numbers may have any size, and a string
// may contain an escaped lone surrogate, as happens when a text is cut in the middle of an emoji.
bool IsJsonObject(simdjson::ondemand::document& document);

// A text and its parser. Not thread-safe. Memory: a copy of the text, and about as much again.
class JsonDocument {
 public:
  // Copies and validates `text`. Returns whether it is one JSON value, of any kind, by the rules of IsJsonObject.
  // Values taken from the previous text become invalid.
  bool Load(absl::string_view text);

  // The value, from its start: values taken from it earlier become invalid. REQUIRES: Load has returned true.
  simdjson::ondemand::value root();

 private:
  std::string text_;  // In brackets, so that a value of any kind is an array element.
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

// The bytes of `value`, without surrounding whitespace. Consumes `value`. REQUIRES: the whole text was validated.
absl::string_view RawJson(simdjson::ondemand::value value);

// Whether `text` is one JSON value of at most kJsonDepthMax levels, in valid UTF-8.
bool IsJson(absl::string_view text);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_JSON_DOCUMENT_H_
