#include "tests/faults/load/numbered_log.h"

namespace playhead::testing {

void NumberedLog::NoteOffered(uint64_t number, absl::Time when) {
  absl::MutexLock lock(&mu_);
  if (offered_.size() <= number) offered_.resize(number + 1, absl::InfinitePast());
  offered_[number] = when;
}

absl::Time NumberedLog::WhenOffered(uint64_t number) const {
  absl::MutexLock lock(&mu_);
  return number < offered_.size() ? offered_[number] : absl::InfinitePast();
}

}  // namespace playhead::testing
