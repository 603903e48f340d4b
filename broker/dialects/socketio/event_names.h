// The event names in the arguments of `subscribe` and `unsubscribe`.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_NAMES_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace playhead::broker::socketio {

// Accepts the forms that clients use: an array of names, several names, one name, or {"events":[...]}. Each argument is
// JSON.
//   InvalidArgument  FILTER_INVALID: an argument is something else.
absl::StatusOr<std::vector<std::string>> ReadEventNames(absl::Span<const std::string> arguments);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_NAMES_H_
