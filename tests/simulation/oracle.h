// Oracle: hears what is asked of a store and what it answers, and judges by it whatever the store shows, in whatever
// way it is read (tests/simulation/rules.h).
//
// A rule that is broken is noted, not asserted, so that a test may expect a planted bug to be found.
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
#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

// Thread safety: all methods may be called from any thread.
class Oracle {
 public:
  Oracle() = default;
  // Knows what stands in the ledger.
  explicit Oracle(Ledger ledger) : ledger_(std::move(ledger)) {}

  // About to be asked for, and answered with success.
  void OnSubmitted(const std::string& instance, const std::vector<TestEvent>& events) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAppended(const std::string& instance, const std::vector<TestEvent>& events, const AppendResult& result)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimming(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimmed(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErasing(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErased(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  // From OnDeleting to OnDeleted nothing is asked of the instance, and it may be there or not.
  void OnDeleting(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDeleted(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWriting(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWritten(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);

  Moment Now() const ABSL_LOCKS_EXCLUDED(mu_);
  // Of all that was noted so far.
  Ledger Copy() const ABSL_LOCKS_EXCLUDED(mu_);
  // The present life of a name; nullopt while it is being deleted.
  std::optional<uint64_t> LifeOf(const std::string& instance) const ABSL_LOCKS_EXCLUDED(mu_);
  // Whether any name has begun another life since.
  bool AnyDeletedSince(const Moment& moment) const ABSL_LOCKS_EXCLUDED(mu_);

  // As the rules of the same names, of what was asked for at `moment`. What was asked of an earlier life of the
  // instance, or is being deleted, is not judged.
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

  // A reader was told that commits are forgotten, of some instance that it reads: what was trimmed of this one may have
  // been in them.
  void NoteForgotten(const std::string& instance, Place& place) const ABSL_LOCKS_EXCLUDED(mu_);
  // `cursor` of another store with the same past is about to be given to an event: it must mean no event in this one.
  void CheckUnused(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);

  void Violation(std::string what) ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<std::string> violations() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t acknowledged_count() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Runs `check` on the log, if it is to be judged, and notes what it finds.
  void Judge(const Moment& moment, const std::string& instance,
             absl::FunctionRef<void(Ledger::Log&, std::vector<std::string>&)> check) ABSL_LOCKS_EXCLUDED(mu_);
  void Note(std::string what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;  // Guards the members below it.
  Ledger ledger_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mu_);
  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_ORACLE_H_
