// The time by which events grow too old to be kept.
//
// It is the machine's clock, but for one that leaps forwards: what a wrong clock says is old is gone for good, while
// what it says is young is only kept longer. So a leap is not believed for an hour, in which it can be put right; until
// then time goes on as it went before.
#ifndef PLAYHEAD_BROKER_RETENTION_AGE_CLOCK_H_
#define PLAYHEAD_BROKER_RETENTION_AGE_CLOCK_H_

#include <optional>

#include "absl/time/time.h"

namespace playhead::broker::retention {

// Further ahead than this of what it should show is a leap: more than a clock that is kept in step is ever off.
inline constexpr absl::Duration kLeapMin = absl::Minutes(1);
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
  std::optional<absl::Duration> doubted_since_;
};

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_AGE_CLOCK_H_
