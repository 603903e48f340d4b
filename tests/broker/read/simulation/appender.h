// Appender: a thread that appends in every way there is: pipelined with ids, numbered by a producer, and on a
// condition. Now and then it repeats an append that is already stored. It retries whatever did not succeed, and
// continues only once that is stored or finally refused.
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_APPENDER_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_APPENDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"
#include "tests/broker/read/simulation/reader.h"
#include "tests/broker/read/simulation/watched_log.h"
#include "tests/simulation/oracle.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::broker {

struct AppenderReport {
  uint64_t conditions_met = 0;
  uint64_t conditions_refused = 0;
  uint64_t repeated = 0;       // Repeated appends that were known to be stored.
  uint64_t tried_again = 0;    // Retries of appends whose outcome was unknown.
  uint64_t stored_before = 0;  // The retries whose append turned out to be stored.
};

// Thread safety: all methods must be called from one thread.   Ownership: borrows the oracle, and from Start() to
// Join() the log and the gate.
class Appender {
 public:
  // `number` distinguishes it from other appenders. `notes_answers`: whether it reports acknowledgements to the oracle,
  // and makes appends that rest on them, which a store that loses what it has acknowledged would refuse.
  Appender(storage::Oracle& oracle, uint64_t number, bool notes_answers)
      : oracle_(oracle), number_(number), notes_answers_(notes_answers) {}

  // Makes `appends` appends on a thread of its own, or stops when the store fails for good. Holds `gate` (shared) while
  // it begins an append.
  void Start(WatchedLog& log, absl::Mutex& gate, DiskPlan plan, uint64_t appends, uint64_t seed)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Join() { thread_.join(); }

  // Waits until it has begun `appends` appends in this run, or has ended the run.
  void AwaitBegun(uint64_t appends) const ABSL_LOCKS_EXCLUDED(mu_);
  void AwaitNoneInFlight() ABSL_LOCKS_EXCLUDED(mu_) { AwaitInFlight(0); }
  // Whether every append that it began was stored or refused. REQUIRES: none is in flight.
  bool IsSettled() const ABSL_LOCKS_EXCLUDED(mu_);
  AppenderReport report() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  static constexpr size_t kInFlightMax = 8;

  struct Append {
    std::string instance;
    uint64_t life = 0;
    std::vector<storage::TestEvent> events;
    std::optional<uint64_t> sequence;  // The producer's, if it has one.
    std::optional<storage::Cursor> expected;
  };

  void Run(absl::Mutex& gate, DiskPlan plan, uint64_t appends) ABSL_LOCKS_EXCLUDED(mu_);
  void Step();
  void AppendInOrder(bool by_producer);
  void AppendOnCondition();
  void Repeat();
  // Waits for what is in flight and for the store to be reopened, and retries. False if the store has failed for good,
  // or a rule is broken.
  bool Recover(DiskPlan plan);
  void TryAgain();

  std::optional<Append> MakeAppend(uint64_t session);
  storage::AppendBatch BatchOf(const Append& append) const;
  absl::StatusOr<storage::AppendResult> AppendAndWait(const Append& append);
  // The head of the log; nullopt if the store cannot tell.
  std::optional<storage::Cursor> HeadOf(const std::string& instance);
  void OnAnswered(const Append& append, const absl::StatusOr<storage::AppendResult>& result) ABSL_LOCKS_EXCLUDED(mu_);
  // Checks the answer. True if the append is stored or was finally refused.
  bool Settles(const Append& append, const absl::StatusOr<storage::AppendResult>& result) ABSL_LOCKS_EXCLUDED(mu_);
  void AwaitInFlight(size_t at_most) ABSL_LOCKS_EXCLUDED(mu_);
  bool failed() const ABSL_LOCKS_EXCLUDED(mu_);

  storage::Oracle& oracle_;
  const uint64_t number_;
  const bool notes_answers_;
  // The current run.
  WatchedLog* log_ = nullptr;
  testing::Random random_{0};
  std::unique_ptr<storage::AppendSession> session_;

  uint64_t last_session_ = 0;
  uint64_t session_number_ = 0;                                       // Of `session_`.
  std::map<std::pair<std::string, uint64_t>, uint64_t> last_number_;  // By instance and session, in its current life.
  std::map<std::string, uint64_t> lives_;                             // The lives that the numbers belong to.
  std::map<std::string, uint64_t> last_sequence_;                     // By instance.

  mutable absl::Mutex mu_;  // Guards the members below it.
  uint64_t begun_ ABSL_GUARDED_BY(mu_) = 0;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<Append> in_doubt_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Append> stored_ ABSL_GUARDED_BY(mu_);  // The last append of each instance.
  AppenderReport report_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_APPENDER_H_
