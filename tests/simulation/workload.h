// Workload: all changes to a simulated store. It reports each to the oracle before it asks for it and when it is
// answered.
#ifndef PLAYHEAD_TESTS_SIMULATION_WORKLOAD_H_
#define PLAYHEAD_TESTS_SIMULATION_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/store_failure.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {

// Thread safety: all methods must be called from one thread.   Ownership: borrows everything; the log from Connect() to
// Disconnect().
class Workload {
 public:
  static constexpr size_t kInFlightMax = 40;

  Workload(Oracle& oracle, StoreFailure& failure, playhead::testing::Random& random)
      : oracle_(oracle), failure_(failure), random_(random) {}

  // Uses this log from now on. REQUIRES: nothing is in flight.
  void Connect(EventLog& log);
  // The log is about to be closed.
  void Disconnect();
  // The log is closed: expects that nothing is in flight.
  void CheckAllWasAnswered() ABSL_LOCKS_EXCLUDED(mu_);

  // Completes what an earlier failure left undone.
  void Settle() {
    RetryInDoubt();
    FinishDeletions();
  }

  // Each of these changes the store. It waits for answers only if that is stated.
  void Append();
  void WriteRecord();
  void Trim(const std::string& instance);    // Waits for its own answer.
  void Erase(const std::string& instance);   // Waits for its own answer.
  void Delete(const std::string& instance);  // Waits for all answers: a concurrent append may land before or after it.
  void AwaitInFlight(size_t at_most) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // An append without a successful answer: it may be stored or not, and is retried.
  struct InDoubt {
    std::string instance;
    std::vector<TestEvent> events;
  };

  void RetryInDoubt() ABSL_LOCKS_EXCLUDED(mu_);
  void FinishDeletions();
  InDoubt MakeAppend(uint64_t session);
  void OnAnswered(const InDoubt& append, const absl::StatusOr<AppendResult>& result) ABSL_LOCKS_EXCLUDED(mu_);

  Oracle& oracle_;
  StoreFailure& failure_;
  playhead::testing::Random& random_;
  EventLog* log_ = nullptr;
  std::vector<std::pair<uint64_t, std::unique_ptr<AppendSession>>> sessions_;
  uint64_t last_session_ = 0;
  std::map<std::string, uint64_t> lives_;
  std::map<std::string, std::map<uint64_t, uint64_t>> numbers_;  // The last number, by instance and session.
  std::map<std::string, uint64_t> records_;
  std::vector<std::string> deleting_;

  absl::Mutex mu_;  // Guards the members below it.
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<InDoubt> in_doubt_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<std::string, Cursor>> appended_ ABSL_GUARDED_BY(mu_);  // Candidates for an erasure.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_WORKLOAD_H_
