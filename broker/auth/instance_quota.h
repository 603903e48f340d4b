// How many instances may exist among those that a key covers.
#ifndef PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_
#define PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/clock.h"
#include "broker/auth/instance_patterns.h"
#include "storage/event_log.h"

namespace playhead::broker {

inline constexpr uint64_t kInstancesQuotaMax = 100'000;

// Names that are known to exist pass without a look at the store. A new one is counted with all that exist; the count
// is taken from the catalogue, at most once a second and one at a time, and in between carried on by what was let in.
// So a name that is deleted and made again at once may slip through, once; nothing else does.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: shared by those who wait.
class InstanceQuota : public std::enable_shared_from_this<InstanceQuota> {
 public:
  // `instances_max` of 0 is no bound.
  InstanceQuota(uint64_t instances_max, InstancePatterns covered, Clock clock)
      : instances_max_(instances_max), covered_(std::move(covered)), clock_(std::move(clock)) {}
  InstanceQuota(const InstanceQuota&) = delete;
  InstanceQuota& operator=(const InstanceQuota&) = delete;

  // Calls `done` once, inside the call or on a thread of `log`, with Ok if `instance` exists or may be made.
  //   ResourceExhausted  QUOTA_EXCEEDED.
  //   or as EventLog::GetInstance and ListInstances; NotFound aside.
  void Admit(storage::EventLog& log, const std::string& instance, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    std::string instance;
    storage::StatusCallback done;
  };
  struct Count;  // One that is under way.

  void AdmitNew(storage::EventLog& log, std::string instance, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  void CountOn(storage::EventLog& log, std::shared_ptr<Count> count) ABSL_LOCKS_EXCLUDED(mu_);
  void OnCounted(const absl::Status& status, const Count& count) ABSL_LOCKS_EXCLUDED(mu_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return counted_ + let_in_.size() < instances_max_; }
  absl::Status Exceeded() const;

  const uint64_t instances_max_;
  const InstancePatterns covered_;
  const Clock clock_;

  absl::Mutex mu_;                                                            // Guards the members below it.
  absl::flat_hash_set<std::string> known_ ABSL_GUARDED_BY(mu_);               // Exist; kKnownMax of them.
  absl::flat_hash_map<std::string, absl::Time> let_in_ ABSL_GUARDED_BY(mu_);  // New, and not in `counted_`; when.
  uint64_t counted_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time counted_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  bool counting_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mu_);  // For the count; one for each call at most.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_
