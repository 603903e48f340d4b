// The clock that decides when events, and sessions of clients that do not come back, are too old to be kept.
//
// It follows the machine's clock, except when that jumps forward: a wrong clock that runs ahead would delete data for
// good, one that runs behind only keeps data longer. A forward jump is not believed for an hour, so that it can be
// corrected; until then time goes on as before the jump.
#ifndef PLAYHEAD_BROKER_AGE_CLOCK_H_
#define PLAYHEAD_BROKER_AGE_CLOCK_H_

#include <optional>

#include "absl/time/time.h"

namespace playhead::broker {

// The machine's clock jumped if it is ahead of the expected time by more than this: more than a synchronised clock is
// ever off.
inline constexpr absl::Duration kLeapMin = absl::Minutes(1);
// How long a jump is not believed. Another jump in that time starts the hour again.
inline constexpr absl::Duration kLeapDoubted = absl::Hours(1);

// Not thread-safe.
class AgeClock {
 public:
  // The time to use. `wall` is what the machine's clock shows; `steady` is the time since a fixed moment.
  absl::Time Now(absl::Time wall, absl::Duration steady);

  // Whether the clock jumped and the jump is not believed yet.
  bool doubts() const { return doubted_since_.has_value(); }

 private:
  std::optional<absl::Time> begin_;  // The believed clock's time at that fixed moment.
  absl::Time doubted_begin_;         // The same by the machine's clock. Only used while `doubted_since_` is set.
  std::optional<absl::Duration> doubted_since_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AGE_CLOCK_H_
