// Formats what a reader prints besides events.
#ifndef PLAYHEAD_TOOLS_CLI_NOTICES_H_
#define PLAYHEAD_TOOLS_CLI_NOTICES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::tools {

// A line printed among the events where history is missing:
//   {"instance":"my-bot","gap":{"cause":"TRIMMED","after_cursor":0,"last_cursor":41,"event_count":41}}
// For an upstream gap, which is an event too, also with "from", "to" and "reason".
std::string FormatGap(absl::string_view instance, const v1::Gap& gap, bool json);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_NOTICES_H_
