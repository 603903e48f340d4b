// The time by which things grow too old to be kept: events, and the sessions of those who do not come back.
//
// It is the machine's clock, unless that leaps forwards: what a wrong clock says is old is gone for good, while what it
// says is young is only kept longer. So a leap is not believed for an hour, in which it can be put right; until then
// time goes on as it went before.
#ifndef PLAYHEAD_BROKER_AGE_CLOCK_H_
#define PLAYHEAD_BROKER_AGE_CLOCK_H_

#include <optional>

#include "absl/time/time.h"

namespace playhead::broker {

// Further ahead than this of what it should show is a leap: more than a clock that is kept in step is ever off.
inline constexpr absl::Duration kLeapMin = absl::Minutes(1);
// From the last leap on: one that follows another says that neither was meant.
inline constexpr absl::Duration kLeapDoubted = absl::Hours(1);

// Not thread-safe.
class AgeClock {
 public:
  // The time, when the machine's clock shows `wall` and `steady` has passed since some moment that stays the same.
  absl::Time Now(absl::Time wall, absl::Duration steady);

  // Whether the clock leapt and is not believed yet.
  bool doubts() const { return doubted_since_.has_value(); }

 private:
  std::optional<absl::Time> begin_;  // What it would have shown at that moment.
  absl::Time doubted_begin_;         // What it says by now; while `doubted_since_`.
  std::optional<absl::Duration> doubted_since_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AGE_CLOCK_H_
