// The options of this dialect. Options without a flag in AddFlags are changed only by tests.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_

#include "absl/time/time.h"
#include "broker/dialects/flags.h"

namespace playhead::broker::vzaps {

struct Options {
  // How long a connection waits before it sends its first event. Two SDKs start to read before the application has
  // installed its handlers, which miss earlier events.
  absl::Duration first_frame_delay = absl::Milliseconds(250);
  // The lifetime of a token. SDKs keep one for as long as they live, and some fail when they have to get another.
  absl::Duration token_life = absl::Hours(24 * 365 * 10);
};

// Adds the options that an operator may set to `flags`.
void AddFlags(Options& options, DialectFlags& flags);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_OPTIONS_H_
