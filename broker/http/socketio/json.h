// The JSON in packets: checked as a whole, then cut into slices whose bytes are kept.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace playhead::broker::http::socketio {

// Levels of arrays and objects in what a client sends.
inline constexpr size_t kJsonDepthMax = 32;

enum class JsonKind { kObject, kArray, kString, kNumber, kOther };

// What `text` is; nullopt if it is not JSON (RFC 8259) in UTF-8, or too deep.
std::optional<JsonKind> CheckJson(absl::string_view text);

// Whether every placeholder of an attachment in `text`, {"_placeholder":true,"num":N}, names one of `count`.
// REQUIRES: CheckJson.
bool PlaceholdersFit(absl::string_view text, size_t count);

// The elements of an array, without the blanks around them; slices of `array`. REQUIRES: CheckJson says it is one.
std::vector<absl::string_view> Elements(absl::string_view array);

// What a JSON string says; nullopt of any other JSON. REQUIRES: CheckJson.
std::optional<std::string> StringValue(absl::string_view text);

// `text` as a JSON string. REQUIRES: UTF-8.
std::string Quoted(absl::string_view text);

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_JSON_H_
