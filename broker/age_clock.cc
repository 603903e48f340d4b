#include "broker/age_clock.h"

namespace playhead::broker {

absl::Time AgeClock::Now(absl::Time wall, absl::Duration steady) {
  const absl::Time begin = wall - steady;
  const bool leapt = begin_.has_value() && begin - *begin_ > kLeapMin;
  if (leapt && (!doubted_since_.has_value() || begin - doubted_begin_ > kLeapMin)) doubted_since_ = steady;
  doubted_begin_ = begin;
  if (!leapt || steady - *doubted_since_ >= kLeapDoubted) {
    begin_ = begin;
    doubted_since_.reset();
  }
  return *begin_ + steady;
}

}  // namespace playhead::broker
