// What this dialect can be told, and its limits.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace playhead::broker::socketio {

// Names that one client may be subscribed to, all together in bytes.
inline constexpr size_t kSubscribedBytesMax = 3'000;
// Who subscribes so soon after connecting gets everything since then: clients that subscribe before they are connected
// do so at once.
inline constexpr absl::Duration kSubscribeGrace = absl::Seconds(10);

// A client that polls and has not come back for so long has lost its connection, if another comes that may be it.
inline constexpr absl::Duration kSilenceMax = absl::Seconds(2);

struct Options {
  // A client that says nothing of itself and does not subscribe for so long is one that has come back, and takes up
  // what an earlier one of the same key left behind, if that has ended no longer ago than the window.
  absl::Duration adoption_delay = absl::Seconds(1);
  absl::Duration adoption_window = absl::Minutes(10);
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_
