// Parses the messages of this dialect's clients.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_ACK_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_ACK_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"

namespace playhead::broker::vzaps {

// Returns the frame that {"type":"ack","event_id":…} acknowledges; SDKs also use the names `id` and `eventId`. nullopt
// for anything else, which is to be ignored.
std::optional<storage::EventId> ParseAck(absl::string_view text);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_ACK_H_
