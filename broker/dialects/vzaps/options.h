// The options of this dialect. `first_frame_delay` has a flag, --vzaps_first_frame_delay; `token_life` has none, and
// only tests change it.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_

#include "absl/time/time.h"

namespace playhead::broker::vzaps {

struct Options {
  // How long a connection waits with its first event. Two SDKs read before the application has its handlers in place,
  // and what comes then reaches none of them.
  absl::Duration first_frame_delay = absl::Milliseconds(250);
  // How long a token is good. SDKs keep one for as long as they live, and some do not survive asking for another.
  absl::Duration token_life = absl::Hours(24 * 365 * 10);
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_
