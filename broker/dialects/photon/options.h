// The options of this dialect. Options without a flag in AddFlags are changed only by tests.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"
#include "broker/dialects/flags.h"

namespace playhead::broker::photon {

// What happens to a SubscribeEvents without an earlier FetchMissedEvents on the same connection. The client does not
// send the cursor that its process saved, and fetches what it missed only when it reconnects.
enum class FirstSubscribe {
  // It ends at once, with OK and without a frame. The client waits for its first back-off, fetches the events after its
  // saved cursor, and subscribes again. Nothing is lost; the cost is that back-off and one call of `onReconnect`.
  kBounce,
  // It starts at the end of the log: a cursor that the client saved is ignored.
  kLive,
};

struct Options {
  FirstSubscribe first_subscribe = FirstSubscribe::kBounce;
  // The client considers a stream dead after 120 s of silence.
  absl::Duration heartbeat_interval = absl::Seconds(15);
  // A FetchMissedEvents that has found events replies after this long. One that has not found any reads on to the end,
  // because a client that fetches page by page stops at an empty page.
  absl::Duration fetch_time_max = absl::Seconds(10);
  // The memory for replies of FetchMissedEvents, over all calls; one takes up to 3 MiB.
  size_t reply_budget_bytes = size_t{64} << 20;
};

// Adds the options that an operator may set to `flags`.
void AddFlags(Options& options, DialectFlags& flags);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_
