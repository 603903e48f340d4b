// An event as one line of JSON, as `--json` prints it and `append --ndjson` reads it.
//
//   {"instance":"my-bot","cursor":7,"type":"message","id":"m-7","created_at":"2026-01-02T03:04:05.000006Z",
//    "appended_at":"2026-01-02T03:04:05.123456Z","attributes":{"k":"v"},"data":{"text":"hi"}}
//
// `data` is the payload verbatim where it is JSON (on one line: line breaks between its tokens are taken out); any
// other payload is in `data_base64` instead. `id`, `created_at` and `attributes` are left out when they are empty.
#ifndef PLAYHEAD_TOOLS_CLI_EVENT_JSON_H_
#define PLAYHEAD_TOOLS_CLI_EVENT_JSON_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"

namespace playhead::tools {

// Whether `text` is one JSON value in good UTF-8.
bool IsJson(absl::string_view text);

// `text` as a JSON string, quotes included. REQUIRES: good UTF-8.
std::string JsonString(absl::string_view text);

// Appends `event` of `instance` and a line break.
void AppendEventJson(absl::string_view instance, const EventView& event, std::string& out);

// Reads such lines. Not thread-safe.
class EventJsonReader {
 public:
  // What the last line said; valid until the next Read.
  struct Event {
    std::string instance;  // Empty if the line does not say.
    std::string type;
    std::string id;
    int64_t created_at = 0;
    std::string data;
    std::vector<std::pair<std::string, std::string>> attributes;
  };

  EventJsonReader();
  ~EventJsonReader();

  // `cursor` and `appended_at` are passed over: the broker sets them anew.
  //   InvalidArgument  the line is not such an event; says why.
  absl::Status Read(absl::string_view line, Event& event);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_EVENT_JSON_H_
