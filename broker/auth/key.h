// The state of a key that all calls with it share: its rules, whether it is still valid, and its use of its quotas.
#ifndef PLAYHEAD_BROKER_AUTH_KEY_H_
#define PLAYHEAD_BROKER_AUTH_KEY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/clock.h"
#include "broker/auth/instance_patterns.h"
#include "broker/auth/instance_quota.h"
#include "broker/auth/permission.h"
#include "broker/auth/token_bucket.h"

namespace playhead::broker {

// 0 means no limit; playhead.v1.KeyQuotas explains each.
struct KeyQuotas {
  uint64_t append_events_per_second = 0;
  uint64_t append_bytes_per_second = 0;
  uint64_t streams_max = 0;
  uint64_t instances_max = 0;
};

struct KeyRules {
  std::string id;
  PermissionSet permissions;
  InstancePatterns instances;
  KeyQuotas quotas;
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
class Key {
 public:
  Key(KeyRules rules, Clock clock);
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  const KeyRules& rules() const { return rules_; }
  absl::Time Now() const { return clock_(); }

  // OK, or Unauthenticated: KEY_REVOKED, KEY_EXPIRED.
  absl::Status CheckGood() const;
  void Revoke() { revoked_.store(true, std::memory_order_relaxed); }
  // absl::InfiniteFuture() for never.
  void SetExpiry(absl::Time expires_at);

  // As in Caller.
  absl::Status ChargeAppend(size_t events, size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Duration AppendDelay(size_t events, size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);

  // Counts a stream as open. ResourceExhausted (QUOTA_EXCEEDED): not counted.
  absl::Status AddStream();
  void RemoveStream() { streams_.fetch_sub(1, std::memory_order_relaxed); }

  InstanceQuota& instance_quota() const { return *instance_quota_; }

  // Counts a call with a wrong secret of this key. Returns whether there were so many lately that the answer must be
  // delayed.
  bool NoteWrongSecret() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Status TooFast(absl::string_view limit, uint64_t per_second, absl::string_view unit, absl::Duration wait) const;
  absl::Duration AppendWait(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const KeyRules rules_;
  const Clock clock_;
  const std::shared_ptr<InstanceQuota> instance_quota_;
  std::atomic<bool> revoked_ = false;
  std::atomic<int64_t> expires_at_micros_;
  std::atomic<uint64_t> streams_ = 0;

  absl::Mutex mu_;  // Guards the members below it.
  TokenBucket append_events_ ABSL_GUARDED_BY(mu_);
  TokenBucket append_bytes_ ABSL_GUARDED_BY(mu_);
  TokenBucket wrong_secrets_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_KEY_H_
