// The ends of tokens, which are stated in whole seconds.
#ifndef PLAYHEAD_BROKER_AUTH_WHOLE_SECONDS_H_
#define PLAYHEAD_BROKER_AUTH_WHOLE_SECONDS_H_

#include "absl/time/time.h"

namespace playhead::broker {

// The first whole second, since 1970, that is not before `time`.
inline absl::Time CeilToSecond(absl::Time time) {
  return absl::UnixEpoch() + absl::Ceil(time - absl::UnixEpoch(), absl::Seconds(1));
}

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_WHOLE_SECONDS_H_
