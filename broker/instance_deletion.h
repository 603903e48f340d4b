// InstanceDeletion: deletes an instance, together with what the broker keeps about it outside the log: retention and
// other settings, sessions, positions of consumers.
//
//   audit record -> row `deletion/<number>` -> the log deletes it -> answered -> every keeper forgets it -> row removed
//
// The answer does not wait for the keepers: reads are refused already. A keeper that fails is called again until it
// succeeds. After a crash in between, the row is still there, and the next start continues from it. The bytes of all
// these rows leave the disk after the last of them is removed (storage::RecordChange::purge). What names an instance
// because the operator said so stays: patterns of keys, secrets of webhooks.
//
// If the log answers APPEND_UNCERTAIN, so does the deletion. Once the store is open again, the broker looks whether the
// instance is gone. If it is, the keepers forget it as usual. If not, it lives on with everything that is kept about
// it, since by then clients may rely on it; its row stays until a later deletion or the next start.
#ifndef PLAYHEAD_BROKER_INSTANCE_DELETION_H_
#define PLAYHEAD_BROKER_INSTANCE_DELETION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "broker/audit.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"

namespace playhead::broker {

// A failed step is retried after a second; the delay doubles each time, up to a minute.
inline constexpr std::chrono::seconds kDeletionRetryDelay{1};
inline constexpr std::chrono::seconds kDeletionRetryDelayMax{60};
// At most this many deletions wait for a retry; others wait for the next start.
inline constexpr size_t kDeletionRetriesMax = 10'000;

// Thread safety: all methods but AddKeeper and Resume may be called from any thread; Stop not from a callback.
// Blocking: none but Resume and, briefly, Stop.
// Ownership: borrows `log`, `audit` and `timers`; must outlive the log, whose callbacks end here, and the timers.
class InstanceDeletion {
 public:
  // Removes what one part of the broker keeps about a deleted instance, and calls `done` when that is durable. Called
  // again after a failure, and when it is unknown whether it succeeded.
  using Keeper = std::function<void(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done)>;

  InstanceDeletion(storage::EventLog& log, Audit& audit, TimerQueue& timers)
      : log_(log), audit_(audit), timers_(timers) {}

  // Before Resume.
  void AddKeeper(Keeper keeper) { keepers_.push_back(std::move(keeper)); }

  // Continues deletions that a crash interrupted. Call it once, before anything is served; blocks until it is done.
  //   Errors as RecordStore::Scan and the keepers.
  absl::Status Resume();

  // Deletes the instance on behalf of `key_id`.
  //   NotFound  INSTANCE_NOT_FOUND.   Others as AppendSession::Append and EventLog::DeleteInstance.
  //   Unknown   APPEND_UNCERTAIN; see above.
  void Delete(std::string key_id, std::string name, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

  // The number of deletions that are on disk, or may be, and are not finished.
  size_t unfinished() const ABSL_LOCKS_EXCLUDED(mu_);

  // From now on no keeper is called, and no retry runs: unfinished deletions wait for the next start. Call it before
  // the keepers stop and the log is closed.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Order;
  // The unfinished part of a deletion that is on disk, or may be.
  struct Rest {
    std::shared_ptr<storage::Instance> instance;
    bool deleted;  // Whether it is known to be on disk. Guarded by mu_.
    std::chrono::seconds retry_delay = kDeletionRetryDelay;
  };

  void WriteOrder(std::shared_ptr<Order> order);
  void DeleteFromLog(std::shared_ptr<Order> order);

  // Returns the work for GoOn; nullptr if it is already in progress for this instance, in which case that work learns
  // whether the instance is deleted.
  std::shared_ptr<Rest> NoteRest(const storage::InstanceInfo& info, bool deleted) ABSL_LOCKS_EXCLUDED(mu_);
  void GoOn(const std::shared_ptr<Rest>& rest) ABSL_LOCKS_EXCLUDED(mu_);
  void FindOut(const std::shared_ptr<Rest>& rest) ABSL_LOCKS_EXCLUDED(mu_);
  void EndUndeleted(const std::shared_ptr<Rest>& rest) ABSL_LOCKS_EXCLUDED(mu_);
  void Retry(const std::shared_ptr<Rest>& rest, const absl::Status& failure) ABSL_LOCKS_EXCLUDED(mu_);

  // Every keeper forgets the instance, then its row is removed.
  void ForgetAll(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Forget(const std::shared_ptr<storage::Instance>& instance, size_t keeper, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void RemoveRow(storage::InstanceNumber number, storage::StatusCallback done);

  // Around calls that Stop waits for. Enter returns false once Stop has begun: then the call must not be made.
  bool Enter() ABSL_LOCKS_EXCLUDED(mu_);
  void Leave() ABSL_LOCKS_EXCLUDED(mu_);
  bool NobodyCalls() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return calls_ == 0; }

  storage::EventLog& log_;
  Audit& audit_;
  TimerQueue& timers_;
  std::vector<Keeper> keepers_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  int calls_ ABSL_GUARDED_BY(mu_) = 0;
  size_t retries_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, std::shared_ptr<Rest>> rests_ ABSL_GUARDED_BY(mu_);  // By the instance's number.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_INSTANCE_DELETION_H_
