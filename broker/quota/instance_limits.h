// InstanceLimits: holds appends to what their instance may take: a rate of events, one of bytes, and bytes stored.
#ifndef PLAYHEAD_BROKER_QUOTA_INSTANCE_LIMITS_H_
#define PLAYHEAD_BROKER_QUOTA_INSTANCE_LIMITS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/auth/clock.h"
#include "broker/auth/token_bucket.h"
#include "broker/quota/limit_settings.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The rates of at most this many instances are remembered at a time, in about 300 bytes each: of those that were
// appended to lately and have limits. When there are more, some start anew, with a burst.
inline constexpr size_t kLimitedInUseMax = 65'536;

// Instances in use carry what they have used up; an idle one costs nothing, and while nothing is set no one does. What
// an instance stores is looked up when it is first asked for and after each trim, and reckoned on from there.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows `log` and `settings`; must outlive `log`, whose callbacks end here.
class InstanceLimits {
 public:
  InstanceLimits(
      storage::EventLog& log, const LimitSettings& settings, Clock clock = [] { return absl::Now(); });
  ~InstanceLimits();
  InstanceLimits(const InstanceLimits&) = delete;
  InstanceLimits& operator=(const InstanceLimits&) = delete;

  // Nothing is limited: what follows need not be asked.
  bool none() const { return settings_.none(); }

  // Counts an append against the rates, whether or not it stores anything: they bound what the broker has to do.
  //   ResourceExhausted  QUOTA_EXCEEDED, with the limit and when to retry. Not counted.
  absl::Status Charge(const std::string& instance, size_t events, size_t bytes);
  // The same for a stream, which the rates slow down instead: counts, and says how long it must not read on.
  absl::Duration ChargeStream(const std::string& instance, size_t events, size_t bytes);

  // Whether there is room for `bytes` more in what the instance may store. For storage::AppendBatch::refuse_new: what
  // repeats events that are stored needs none. Calls `done` once, inside the call or on a thread of the log.
  //   ResourceExhausted  as above.
  void CheckRoom(const std::string& instance, size_t bytes, storage::StatusCallback done);

  // How many bytes the instance keeps; 0 if there is none of that name.
  void StoredBytes(const std::string& instance, storage::Callback<uint64_t> done);

  // How many instances carry what they have used up.
  size_t in_use() const;

 private:
  struct Use;
  struct Shard {
    mutable absl::Mutex mu;
    absl::flat_hash_map<std::string, std::unique_ptr<Use>> uses ABSL_GUARDED_BY(mu);
    size_t sweep_at ABSL_GUARDED_BY(mu) = 64;  // When there are so many, idle ones go.
  };

  Shard& ShardOf(absl::string_view instance);
  Use& UseOf(Shard& shard, const std::string& instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  void MakeRoom(Shard& shard, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);

  bool IsPaced(const std::string& instance) const;
  // What the instance keeps, if that is known in memory.
  std::optional<uint64_t> KnownStored(const std::string& instance);
  void LookUpStored(const std::string& instance, std::shared_ptr<storage::Instance> opened,
                    storage::Callback<uint64_t> done);

  storage::EventLog& log_;
  const LimitSettings& settings_;
  const Clock clock_;
  std::array<Shard, 16> shards_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_QUOTA_INSTANCE_LIMITS_H_
