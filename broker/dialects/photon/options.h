// The options of this dialect. `first_subscribe` has a flag, --photon_first_subscribe; the others have none, and only
// tests change them.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace playhead::broker::photon {

// What becomes of a SubscribeEvents that no FetchMissedEvents of the same connection came before. The client does not
// send the cursor that its process saved, and asks for what it missed only when it reconnects.
enum class FirstSubscribe {
  // It ends at once, with OK and without a frame: the client waits its first back-off, fetches what is behind its saved
  // cursor, and subscribes again. Nothing is lost; it costs that back-off and one call of `onReconnect`.
  kBounce,
  // It starts at the end of the log: a cursor that the client saved is ignored.
  kLive,
};

struct Options {
  FirstSubscribe first_subscribe = FirstSubscribe::kBounce;
  // The client takes a stream for dead after 120 s.
  absl::Duration heartbeat_interval = absl::Seconds(15);
  // A FetchMissedEvents that found something answers after this long. One that found nothing reads on to the end: a
  // client that fetches page by page stops at an empty page.
  absl::Duration fetch_time_max = absl::Seconds(10);
  // Replies of FetchMissedEvents in memory, over all calls; one takes up to 3 MiB.
  size_t reply_budget_bytes = size_t{64} << 20;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_OPTIONS_H_
