// An event as JSON: as the HTTP API gives and takes it, as `--json` prints it, and as `append --ndjson` reads it.
//
//   {"instance":"my-bot","cursor":7,"type":"message","id":"m-7","created_at":"2026-01-02T03:04:05.000006Z",
//    "appended_at":"2026-01-02T03:04:05.123456Z","attributes":{"k":"v"},"data":{"text":"hi"}}
//
// `data` is the payload verbatim where it is JSON; any other payload is in `data_base64` instead. `id`, `created_at`
// and `attributes` are left out when they are empty. Numbers are never rewritten.
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

// `text` as a JSON string, quotes included. REQUIRES: good UTF-8.
std::string JsonString(absl::string_view text);

// A time as all of it is written: RFC 3339 in UTC with microseconds.
std::string FormatMicros(int64_t micros);
// The inverse, of any RFC 3339 date-time, to microseconds. nullopt for anything else.
std::optional<int64_t> ParseMicros(absl::string_view text);

// Line breaks can stand between the tokens of `data`; within a string JSON escapes them.
enum class DataLineBreaks { kKeep, kTakeOut };

// Appends `event` of `instance`, without a line break behind it.
void AppendEventJson(absl::string_view instance, const EventView& event, DataLineBreaks breaks, std::string& out);
// Appends it as one line.
void AppendEventLine(absl::string_view instance, const EventView& event, std::string& out);

// An event as a text says it.
struct EventFields {
  std::string instance;  // Empty if it does not say.
  std::string type;
  std::string id;
  int64_t created_at = 0;
  std::string data;
  std::vector<std::pair<std::string, std::string>> attributes;
  bool has_broker_fields = false;  // `cursor` or `appended_at`, whose values are passed over.
};

// Reads the event that the object `value` is, of a text that was checked as a whole.
//   InvalidArgument (EVENT_INVALID)  it is none; says why, as in "has no type".
absl::Status ReadEventFields(simdjson::ondemand::value value, EventFields& event);

// Of a member's value, for messages like "id is not a string".
absl::Status ReadJsonText(absl::string_view name, simdjson::ondemand::value value, std::string& text);
// RFC 3339 or whole microseconds since 1970.
absl::Status ReadJsonTime(absl::string_view name, simdjson::ondemand::value value, int64_t& micros);

// Reads events of which each is a text of its own. Not thread-safe.
class EventJsonReader {
 public:
  //   InvalidArgument (EVENT_INVALID)  as ReadEventFields; also of a text that is not JSON.
  absl::Status Read(absl::string_view text, EventFields& event);

 private:
  JsonDocument document_;
};

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_EVENT_JSON_H_
