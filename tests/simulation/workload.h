// Workload: everything that changes a simulated store, each thing told to the oracle before it is asked and when it is
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

// All methods from one thread.   Ownership: borrows everything; the log from Connect() to Disconnect().
class Workload {
 public:
  static constexpr size_t kInFlightMax = 40;

  Workload(Oracle& oracle, StoreFailure& failure, playhead::testing::Random& random)
      : oracle_(oracle), failure_(failure), random_(random) {}

  // Works with this log. REQUIRES: nothing is in flight.
  void Connect(EventLog& log);
  // The log is about to go.
  void Disconnect();
  // The log is gone: nothing may be in flight.
  void CheckAllWasAnswered() ABSL_LOCKS_EXCLUDED(mu_);

  // Ends what an earlier failure left undone.
  void Settle() {
    RetryInDoubt();
    FinishDeletions();
  }

  // These wait for answers only where they say so.
  void Append();
  void WriteRecord();
  void Trim(const std::string& instance);    // Waits for its own.
  void Erase(const std::string& instance);   // As Trim.
  void Delete(const std::string& instance);  // For all: what is appended meanwhile may come before or behind it.
  void AwaitInFlight(size_t at_most) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // An append that was not answered with success: it may be stored or not, and is to be tried again.
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
  std::map<std::string, std::map<uint64_t, uint64_t>> numbers_;  // The last of each instance's life and session.
  std::map<std::string, uint64_t> records_;
  std::vector<std::string> deleting_;

  absl::Mutex mu_;  // Guards the members below it.
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<InDoubt> in_doubt_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<std::string, Cursor>> appended_ ABSL_GUARDED_BY(mu_);  // Some, to erase at.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_WORKLOAD_H_
