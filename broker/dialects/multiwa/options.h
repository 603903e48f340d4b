// The options of this dialect. Options without a flag in AddFlags are changed only by tests.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_

#include "absl/time/time.h"
#include "broker/dialects/flags.h"

namespace playhead::broker::multiwa {

// What a client gets that reconnects and subscribes as before, without sending its position.
enum class ResumeMode {
  // The events after the last frame that it is known to have read, if it returns in time and did not end its
  // subscription.
  kGrace,
  // New events only, as in the original.
  kOff,
};

struct Options {
  ResumeMode resume = ResumeMode::kGrace;
  // How long a client may be away.
  absl::Duration grace = absl::Seconds(60);
  absl::Duration ping_interval = absl::Seconds(30);
  // How often, at most, a marker is sent to a client. If its connection breaks, the client gets again what it has read
  // since the last one.
  absl::Duration marker_interval = absl::Milliseconds(250);
};

// Adds the options that an operator may set to `flags`.
void AddFlags(Options& options, DialectFlags& flags);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_
