// The JSON in packets: validated as a whole, then cut into slices that keep their bytes.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace playhead::broker::http::socketio {

// Maximum nesting of arrays and objects in what a client sends.
inline constexpr size_t kJsonDepthMax = 32;

enum class JsonKind { kObject, kArray, kString, kNumber, kOther };

// The kind of value in `text`; nullopt if it is not JSON (RFC 8259) in UTF-8, or nested too deeply.
std::optional<JsonKind> CheckJson(absl::string_view text);

// Whether every attachment placeholder in `text`, {"_placeholder":true,"num":N}, refers to one of `count` attachments.
// REQUIRES: CheckJson accepts `text`.
bool PlaceholdersFit(absl::string_view text, size_t count);

// The elements of an array, without surrounding whitespace; slices of `array`. REQUIRES: CheckJson says it is an array.
std::vector<absl::string_view> Elements(absl::string_view array);

// The value of a JSON string; nullopt for any other JSON. REQUIRES: CheckJson accepts `text`.
std::optional<std::string> StringValue(absl::string_view text);

// `text` as a JSON string. REQUIRES: UTF-8.
std::string Quoted(absl::string_view text);

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_
