// The wall clock as a function, so that tests of expiry can move it.
#ifndef PLAYHEAD_BROKER_AUTH_CLOCK_H_
#define PLAYHEAD_BROKER_AUTH_CLOCK_H_

#include <functional>

#include "absl/time/time.h"

namespace playhead::broker {

// Called from any thread; must be quick.
using Clock = std::function<absl::Time()>;

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_CLOCK_H_
