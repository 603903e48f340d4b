// A log of numbered messages (tests/load/numbered_messages.h) whose numbers are their cursors.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_NUMBERED_LOG_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_NUMBERED_LOG_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace playhead::testing {

// What a log's only writer and its readers know of it. Thread-safe.
class NumberedLog {
 public:
  explicit NumberedLog(std::string instance) : instance_(std::move(instance)) {}

  const std::string& instance() const { return instance_; }

  // All events up to this one are stored. Set by the writer.
  uint64_t stored() const { return stored_; }
  void SetStored(uint64_t number) { stored_ = number; }

  // Where the log's readers end. Must be set before the event with this number is offered, so that a reader that waits
  // for the next event is woken by it.
  uint64_t last() const { return last_; }
  void SetLast(uint64_t number) { last_ = number; }

  // When the event was last offered.
  void NoteOffered(uint64_t number, absl::Time when) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Time WhenOffered(uint64_t number) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const std::string instance_;
  std::atomic<uint64_t> stored_ = 0;
  std::atomic<uint64_t> last_ = std::numeric_limits<uint64_t>::max();
  mutable absl::Mutex mu_;
  std::vector<absl::Time> offered_ ABSL_GUARDED_BY(mu_);  // By number.
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_NUMBERED_LOG_H_
