// The outcome of one kind of work: how much was offered, how much was accepted and after how long, and how the rest was
// refused.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_TALLY_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

// A histogram of durations with four buckets per doubling. Not thread-safe.
class Latencies {
 public:
  void Note(absl::Duration latency);
  uint64_t count() const { return count_; }
  absl::Duration max() const { return max_; }
  // An upper bound of the given quantile (0.99), at most one bucket too high; zero if there are no durations.
  absl::Duration Quantile(double part) const;

 private:
  std::array<uint64_t, 160> buckets_{};
  uint64_t count_ = 0;
  absl::Duration max_;
};

// Thread-safe.
class Tally {
 public:
  explicit Tally(std::string what) : what_(std::move(what)) {}

  void NoteOffered(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteTaken(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteTaken(size_t bytes, absl::Duration latency) ABSL_LOCKS_EXCLUDED(mu_);
  // Each fails the test unless the refusal is retryable and says that the broker is full.
  void NoteRefused(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteRefused(const HttpResponse& response) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteRefused(absl::string_view code, bool retryable) ABSL_LOCKS_EXCLUDED(mu_);
  // A refusal by a protocol's own code, which the caller has checked.
  void NoteRefusedAs(absl::string_view code) ABSL_LOCKS_EXCLUDED(mu_);
  // Fails the test.
  void NoteWrong(absl::string_view how);

  const std::string& what() const { return what_; }
  uint64_t offered() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t offered_bytes() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t taken() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t taken_bytes() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t refused() const ABSL_LOCKS_EXCLUDED(mu_);
  Latencies latencies() const ABSL_LOCKS_EXCLUDED(mu_);
  // All of that in one line.
  std::string Summary() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const std::string what_;
  mutable absl::Mutex mu_;
  uint64_t offered_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t offered_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t taken_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t taken_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, uint64_t> refused_ ABSL_GUARDED_BY(mu_);  // By code.
  Latencies latencies_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_TALLY_H_
