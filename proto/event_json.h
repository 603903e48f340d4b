// An event as JSON, in the form that the HTTP API accepts and returns, `--json` prints, and `append --ndjson` reads.
//
//   {"instance":"my-bot","cursor":7,"type":"message","id":"m-7","created_at":"2026-01-02T03:04:05.000006Z",
//    "appended_at":"2026-01-02T03:04:05.123456Z","attributes":{"k":"v"},"data":{"text":"hi"}}
//
// `data` is the payload verbatim if it is JSON; any other payload is in `data_base64` instead. `id`, `created_at` and
// `attributes` are left out when they are empty. Numbers are never rewritten.
#ifndef PLAYHEAD_PROTO_EVENT_JSON_H_
#define PLAYHEAD_PROTO_EVENT_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"
#include "proto/json_document.h"

namespace playhead {

// `text` as a JSON string, including the quotes. REQUIRES: valid UTF-8.
std::string JsonString(absl::string_view text);

// Formats a time as all of this JSON has it: RFC 3339 in UTC with microseconds.
std::string FormatMicros(int64_t micros);
// The inverse: parses any RFC 3339 date-time, to microseconds. nullopt for anything else.
std::optional<int64_t> ParseMicros(absl::string_view text);

// What to do with line breaks between the tokens of `data`. (Within strings, JSON escapes them.)
enum class DataLineBreaks { kKeep, kTakeOut };

// Appends `event` of `instance` to `out`, without a trailing line break.
void AppendEventJson(absl::string_view instance, const EventView& event, DataLineBreaks breaks, std::string& out);
// Appends it as one line.
void AppendEventLine(absl::string_view instance, const EventView& event, std::string& out);

// An event as read from JSON.
struct EventFields {
  std::string instance;  // Empty if the text does not have it.
  std::string type;
  std::string id;
  int64_t created_at = 0;
  std::string data;
  std::vector<std::pair<std::string, std::string>> attributes;
  bool has_broker_fields = false;  // Has `cursor` or `appended_at`, whose values are ignored.
};

// Reads an event from the object `value`. REQUIRES: the whole text was checked.
//   InvalidArgument (EVENT_INVALID)  it is not an event; says why, as in "has no type".
absl::Status ReadEventFields(simdjson::ondemand::value value, EventFields& event);

// Reads a string. `name` is the member's, for messages like "id is not a string".
absl::Status ReadJsonText(absl::string_view name, simdjson::ondemand::value value, std::string& text);
// Reads a time: RFC 3339, or whole microseconds since 1970.
absl::Status ReadJsonTime(absl::string_view name, simdjson::ondemand::value value, int64_t& micros);

// Reads events, each from a text of its own. Not thread-safe.
class EventJsonReader {
 public:
  //   InvalidArgument (EVENT_INVALID)  as ReadEventFields; also if the text is not JSON.
  absl::Status Read(absl::string_view text, EventFields& event);

 private:
  JsonDocument document_;
};

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_EVENT_JSON_H_
