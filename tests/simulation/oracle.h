// Oracle: records what is asked of a store and what it answers, and checks everything that the store shows against
// that, however it is read (tests/simulation/rules.h).
//
// A broken rule is recorded, not asserted, so that a test can expect a planted bug to be found.
#ifndef PLAYHEAD_TESTS_SIMULATION_ORACLE_H_
#define PLAYHEAD_TESTS_SIMULATION_ORACLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

// Thread safety: all methods may be called from any thread.
class Oracle {
 public:
  Oracle() = default;
  // Starts with this ledger.
  explicit Oracle(Ledger ledger) : ledger_(std::move(ledger)) {}

  // On...ing, and OnSubmitted: a call is about to be made. On...ed: it has succeeded.
  void OnSubmitted(const std::string& instance, const std::vector<TestEvent>& events) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAppended(const std::string& instance, const std::vector<TestEvent>& events, const AppendResult& result)
      ABSL_LOCKS_EXCLUDED(mu_);
  // The append was finally refused: none of it may ever be stored.
  void OnRefused(const std::string& instance, const std::vector<TestEvent>& events) ABSL_LOCKS_EXCLUDED(mu_);
  // A reader of this life was told of events with these cursors. They must stay even if they are not acknowledged,
  // since only durable events may be read.
  void OnShown(const std::string& instance, uint64_t life, absl::Span<const Cursor> cursors) ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimming(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimmed(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErasing(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErased(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  // Between OnDeleting and OnDeleted the instance may exist or not, and is not checked.
  void OnDeleting(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDeleted(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWriting(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWritten(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);

  Moment Now() const ABSL_LOCKS_EXCLUDED(mu_);
  // A copy of the ledger.
  Ledger Copy() const ABSL_LOCKS_EXCLUDED(mu_);
  // The current life of a name; nullopt while it is being deleted.
  std::optional<uint64_t> LifeOf(const std::string& instance) const ABSL_LOCKS_EXCLUDED(mu_);
  // When the current life of a name began.
  Moment BeginningOf(const std::string& instance) const ABSL_LOCKS_EXCLUDED(mu_);
  // Whether any name has begun a new life since `moment`.
  bool AnyDeletedSince(const Moment& moment) const ABSL_LOCKS_EXCLUDED(mu_);

  // As the rules of the same names (rules.h), for the answer to a call made at `moment`. Nothing is checked if the call
  // was made in an earlier life of the instance, or if the instance is being deleted.
  void CheckWhole(const Moment& moment, const std::string& instance, const Recovered& found) ABSL_LOCKS_EXCLUDED(mu_);
  void CheckBytes(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CheckGiven(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events, Place& place)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CheckGone(const Moment& moment, const std::string& instance, Cursor after, Cursor last, Place& place)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CheckCaughtUp(const Moment& moment, const std::string& instance, const Place& place) ABSL_LOCKS_EXCLUDED(mu_);
  void CheckStoreOrder(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events,
                       StoreOrder& order) ABSL_LOCKS_EXCLUDED(mu_);
  void CheckRecords(const Moment& moment, const std::map<std::string, uint64_t>& found) ABSL_LOCKS_EXCLUDED(mu_);

  // The same with the caller's own rules: runs `check` on the log, unless nothing is to be checked, and records the
  // violations that it returns.
  void Judge(const Moment& moment, const std::string& instance,
             absl::FunctionRef<void(Ledger::Log&, std::vector<std::string>&)> check) ABSL_LOCKS_EXCLUDED(mu_);

  // A reader was told that commits of some of its instances are forgotten. Trimmed events of this instance may have
  // been in them.
  void NoteForgotten(const std::string& instance, Place& place) const ABSL_LOCKS_EXCLUDED(mu_);
  // Another store with the same history is about to assign `cursor`: it must not be the cursor of an event in this
  // store.
  void CheckUnused(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);

  void Violation(std::string what) ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<std::string> violations() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t acknowledged_count() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Note(std::string what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;  // Guards the members below it.
  Ledger ledger_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mu_);
  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_ORACLE_H_
