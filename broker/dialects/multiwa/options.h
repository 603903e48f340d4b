// The options of this dialect. `resume` and `grace` have flags, --multiwa_resume and --multiwa_grace; the others have
// none, and only tests change them.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_

#include "absl/time/time.h"

namespace playhead::broker::multiwa {

// What a client gets that reconnects and subscribes again as it did, without saying where it was.
enum class ResumeMode {
  // What came since the last frame that it is known to have read, if it returns in time and did not say goodbye.
  kGrace,
  // What comes from then on, as the original has it.
  kOff,
};

struct Options {
  ResumeMode resume = ResumeMode::kGrace;
  // How long a client may be away.
  absl::Duration grace = absl::Seconds(60);
  absl::Duration ping_interval = absl::Seconds(30);
  // How often at most a client is asked for the sign that it has read what it was sent: what it read since the last one
  // it gets again if its connection breaks.
  absl::Duration marker_interval = absl::Milliseconds(250);
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPTIONS_H_
