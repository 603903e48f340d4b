// JSON (RFC 8259) whose bytes are kept: a text is checked as a whole, and slices of it are taken as they are.
//
// simdjson's on-demand parser looks only at what it is asked for; what it passes over may be anything with balanced
// brackets. What is stored and shown as JSON must be JSON, so every token is looked at once before any is taken.
#ifndef PLAYHEAD_PROTO_JSON_DOCUMENT_H_
#define PLAYHEAD_PROTO_JSON_DOCUMENT_H_

#include <simdjson.h>

#include <string>

#include "absl/strings/string_view.h"

namespace playhead {

// Deeper texts are not taken apart. Those of the WhatsApp Cloud API have about ten levels.
inline constexpr int kJsonDepthMax = 128;

// Walks the whole document, and rewinds it. True if it is one JSON object of at most kJsonDepthMax levels.
// More lenient than simdjson's own getters in two ways that occur: numbers may have any size, and a string may hold a
// lone surrogate as an escape, which a text that was cut in the middle of an emoji does.
bool IsJsonObject(simdjson::ondemand::document& document);

// A text and its parser. Not thread-safe. Memory: a copy of the text, and about as much again.
class JsonDocument {
 public:
  // Copies and checks `text`; whether it is one JSON value, of any kind, as IsJsonObject has it. What was taken from
  // the text before is no longer valid.
  bool Load(absl::string_view text);

  // The value, from its start: what was taken of it before is no longer valid. REQUIRES: Load has returned true.
  simdjson::ondemand::value root();

 private:
  std::string text_;  // In brackets, so that a value of any kind is an element.
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

// The bytes of `value`, which is used up, without the blanks around them. REQUIRES: the whole text was checked.
absl::string_view RawJson(simdjson::ondemand::value value);

// Whether `text` is one JSON value of at most kJsonDepthMax levels, in good UTF-8.
bool IsJson(absl::string_view text);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_JSON_DOCUMENT_H_
