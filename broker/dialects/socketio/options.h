// The options of this dialect, which only tests change, and its limits.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace playhead::broker::socketio {

// The maximum size of the names that one client is subscribed to, in bytes.
inline constexpr size_t kSubscribedBytesMax = 3'000;
// A client that subscribes within this time after it connected gets everything since it connected: clients that
// subscribe before they are connected send the subscription as soon as they are.
inline constexpr absl::Duration kSubscribeGrace = absl::Seconds(10);

// A polling client that has been silent for longer than this is assumed to have lost its connection if another client
// connects that may be the same one.
inline constexpr absl::Duration kSilenceMax = absl::Seconds(2);

struct Options {
  // A client that does not identify itself and has not subscribed for this long is assumed to have returned: it adopts
  // a session that an earlier client of the same key left behind no longer than `adoption_window` ago.
  absl::Duration adoption_delay = absl::Seconds(1);
  absl::Duration adoption_window = absl::Minutes(10);
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_OPTIONS_H_
