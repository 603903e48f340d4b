#include "tests/load/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/load/place.h"

namespace playhead::testing {

Progress::Progress(std::string reader, const std::vector<std::string>& instances, Repeats repeats)
    : reader_(std::move(reader)), repeats_(repeats) {
  for (const std::string& instance : instances) logs_[instance];
}

void Progress::NoteReady() {
  absl::MutexLock lock(&mu_);
  ready_ = true;
}

void Progress::NoteReturn() {
  absl::MutexLock lock(&mu_);
  ++figures_.returns;
  for (auto& [_, log] : logs_) log.before = 0;
}

void Progress::Note(absl::string_view instance, uint64_t number) {
  absl::MutexLock lock(&mu_);
  const auto found = logs_.find(instance);
  if (found == logs_.end()) return FailLocked(absl::StrCat("an event of ", instance, ", which is none of its"));
  Log& log = found->second;
  if (number == 0 || number > log.last + 1) {
    return FailLocked(absl::StrCat("behind ", log.last, " of ", instance, " comes ", number));
  }
  if (number == log.last + 1) {
    ++figures_.events;
  } else {
    ++figures_.repeated;
    if (repeats_ == Repeats::kNever) return FailLocked(absl::StrCat(number, " of ", instance, " comes again"));
    if (repeats_ == Repeats::kInOrder && number <= log.before) {
      return FailLocked(absl::StrCat(number, " of ", instance, " comes behind ", log.before));
    }
  }
  log.before = number;
  log.last = std::max(log.last, number);
}

void Progress::Fail(absl::string_view what) {
  absl::MutexLock lock(&mu_);
  FailLocked(what);
}

void Progress::FailLocked(absl::string_view what) {
  failed_ = true;
  ADD_FAILURE() << reader_ << ": " << what;
}

bool Progress::done() const {
  absl::MutexLock lock(&mu_);
  return DoneLocked();
}

bool Progress::DoneLocked() const {
  return failed_ ||
         std::all_of(logs_.begin(), logs_.end(), [](const auto& log) { return log.second.last == log.second.end; });
}

void Progress::Remark(std::string remark) {
  absl::MutexLock lock(&mu_);
  figures_.remark = std::move(remark);
}

bool Progress::AwaitReady() const {
  absl::MutexLock lock(&mu_);
  const auto begun = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return ready_ || failed_; };
  return mu_.AwaitWithTimeout(absl::Condition(&begun), kLoadPatience) && !failed_;
}

void Progress::EndAt(absl::string_view instance, uint64_t last) {
  absl::MutexLock lock(&mu_);
  const auto found = logs_.find(instance);
  if (found != logs_.end()) found->second.end = last;
}

bool Progress::AwaitDone() {
  absl::MutexLock lock(&mu_);
  if (mu_.AwaitWithTimeout(absl::Condition(this, &Progress::DoneLocked), kLoadPatience)) return true;
  for (const auto& [instance, log] : logs_) {
    if (log.last != log.end) FailLocked(absl::StrCat(log.last, " of ", log.end, " events of ", instance, " came"));
  }
  return false;
}

Progress::Figures Progress::figures() const {
  absl::MutexLock lock(&mu_);
  return figures_;
}

}  // namespace playhead::testing
