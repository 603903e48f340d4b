// The stub that an erasure leaves in the place of an event: it has the event's cursor and appended_at, and nothing else
// (proto/playhead/v1/erasure.proto).
#ifndef PLAYHEAD_PROTO_ERASED_EVENT_H_
#define PLAYHEAD_PROTO_ERASED_EVENT_H_

#include "absl/strings/string_view.h"

namespace playhead {

inline constexpr absl::string_view kErasedEventType = "playhead.erased";

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_ERASED_EVENT_H_
