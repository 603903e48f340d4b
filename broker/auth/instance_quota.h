// The quota on how many of the instances that a key covers may exist.
#ifndef PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_
#define PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/clock.h"
#include "broker/auth/instance_patterns.h"
#include "storage/event_log.h"

namespace playhead::broker {

inline constexpr uint64_t kInstancesQuotaMax = 100'000;

// Names that are known to exist pass without a lookup in the store. A new name is counted together with all that exist.
// The count comes from the catalogue, at most once a second and one count at a time; in between, admitted names are
// added to it. A name that is deleted between its admission and its creation may exceed the quota, and so may names
// that other keys create while a count is in use, for up to 10 s.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: shared by pending calls.
class InstanceQuota : public std::enable_shared_from_this<InstanceQuota> {
 public:
  // `instances_max` of 0 means no limit.
  InstanceQuota(uint64_t instances_max, InstancePatterns covered, Clock clock)
      : instances_max_(instances_max), covered_(std::move(covered)), clock_(std::move(clock)) {}
  InstanceQuota(const InstanceQuota&) = delete;
  InstanceQuota& operator=(const InstanceQuota&) = delete;

  // Calls `done` once, inside the call or on a thread of `log`, with OK if `instance` exists or may be created.
  //   ResourceExhausted  QUOTA_EXCEEDED.
  //   Others as EventLog::OpenInstance and ListInstances, except NotFound.
  void Admit(storage::EventLog& log, const std::string& instance, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    std::string instance;
    storage::StatusCallback done;
  };
  struct Count;  // A count in progress.

  bool IsKnown(const std::string& instance) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AdmitNew(storage::EventLog& log, std::string instance, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  void CountOn(storage::EventLog& log, std::shared_ptr<Count> count) ABSL_LOCKS_EXCLUDED(mu_);
  void OnCounted(const absl::Status& status, const Count& count) ABSL_LOCKS_EXCLUDED(mu_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return counted_ + let_in_.size() < instances_max_; }
  absl::Status Exceeded() const;

  const uint64_t instances_max_;
  const InstancePatterns covered_;
  const Clock clock_;

  absl::Mutex mu_;  // Guards the members below it.
  // Instances that existed when they were looked up; at most kKnownMax.
  absl::flat_hash_map<std::string, std::weak_ptr<storage::Instance>> known_ ABSL_GUARDED_BY(mu_);
  // Admitted names that `counted_` does not include yet, with the time.
  absl::flat_hash_map<std::string, absl::Time> let_in_ ABSL_GUARDED_BY(mu_);
  uint64_t counted_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time counted_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  bool counting_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mu_);  // For the count in progress; at most one for each call.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_INSTANCE_QUOTA_H_
