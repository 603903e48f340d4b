#include "tests/faults/load/reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {

void InOrder::Note(uint64_t number, size_t bytes) {
  if (repeats_ && number <= seen_) return;
  repeats_ = false;
  if (number != seen_ + 1) {
    tally_->NoteWrong(absl::StrCat("of ", log_->instance(), " came ", number, " behind ", seen_));
  }
  seen_ = number;
  if (number <= furthest_) return tally_->NoteTaken(bytes);
  furthest_ = number;
  tally_->NoteTaken(bytes, absl::Now() - log_->WhenOffered(number));
}

void InOrder::Note(uint64_t cursor, absl::string_view data) {
  if (NumberIn(data) != cursor) {
    tally_->NoteWrong(absl::StrCat("of ", log_->instance(), " ", cursor, " is ", NumberIn(data)));
  }
  Note(cursor, data.size());
}

}  // namespace playhead::testing
