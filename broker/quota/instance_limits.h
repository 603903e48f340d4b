// InstanceLimits: enforces the limits of instances on appends: a rate of events, a rate of bytes, and stored bytes.
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

// At most this many instances are tracked at a time, in about 300 bytes each: those with limited rates that were appended
// to recently, and those with limited stored bytes. When there are more, some start over, with a burst.
inline constexpr size_t kLimitedInUseMax = 65'536;

// If no limits are set, no instance has state; with limits on rates only those in use have. The stored bytes of an
// instance are looked up when they are first needed and after each trim, and updated from there.
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

  // Whether no limits are set at all: then the methods below need not be called.
  bool none() const { return settings_.none(); }

  // Counts an append against the rates, whether or not it stores anything: they bound what the broker has to do.
  //   ResourceExhausted  QUOTA_EXCEEDED, with the limit and when to retry. Not counted.
  absl::Status Charge(const std::string& instance, size_t events, size_t bytes);
  // The same for a stream, which the rates slow down instead: counts the append, and returns how long the stream must
  // pause reading.
  absl::Duration ChargeStream(const std::string& instance, size_t events, size_t bytes);

  // Whether the instance may store `bytes` more. For storage::AppendBatch::refuse_new: an append that only repeats
  // stored events needs no room. Calls `done` once, inside the call or on a thread of the log.
  //   ResourceExhausted  as above.
  void CheckRoom(const std::string& instance, size_t bytes, storage::StatusCallback done);

  // How many bytes the instance keeps; 0 if no instance has that name.
  void StoredBytes(const std::string& instance, storage::Callback<uint64_t> done);

  // How many instances are tracked.
  size_t in_use() const;

 private:
  struct Use;
  struct Shard {
    mutable absl::Mutex mu;
    absl::flat_hash_map<std::string, std::unique_ptr<Use>> uses ABSL_GUARDED_BY(mu);
    size_t sweep_at ABSL_GUARDED_BY(mu) = 64;  // At this number, idle ones are removed.
  };

  Shard& ShardOf(absl::string_view instance);
  Use& UseOf(Shard& shard, const std::string& instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);
  void MakeRoom(Shard& shard, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mu);

  bool IsPaced(const std::string& instance) const;
  // The bytes that the instance keeps, if known without reading the disk.
  std::optional<uint64_t> KnownStored(const std::string& instance);
  static std::optional<uint64_t> KnownStored(const Use& use, const storage::Instance& opened);
  // The same for an instance that was evicted from memory since they were looked up, and opened again.
  std::optional<uint64_t> RememberOpened(const std::string& instance, const std::shared_ptr<storage::Instance>& opened);
  void LookUpStored(const std::string& instance, std::shared_ptr<storage::Instance> opened,
                    storage::Callback<uint64_t> done);

  storage::EventLog& log_;
  const LimitSettings& settings_;
  const Clock clock_;
  std::array<Shard, 16> shards_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_QUOTA_INSTANCE_LIMITS_H_
