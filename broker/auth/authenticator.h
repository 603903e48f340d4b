// Authenticator: finds the caller for a secret. It holds the keys in memory; broker/auth/key_store.h keeps them on
// disk.
//
// Wrong secrets. A secret of 256 random bits cannot be guessed, so delays do not protect keys; they limit the work and
// the log lines that a client can cause by trying without end. Wrong secrets are counted by what they name: each key
// has its own count, and so has each kind of secret that names no key. There is no count by address, so clients behind
// one address do not punish each other. Right secrets are never counted, so nobody can delay one. The number of counts
// is bounded by the number of keys, and the number of delayed answers by a rate: beyond it, answers are given at once.
#ifndef PLAYHEAD_BROKER_AUTH_AUTHENTICATOR_H_
#define PLAYHEAD_BROKER_AUTH_AUTHENTICATOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/auth/clock.h"
#include "broker/auth/key.h"
#include "broker/auth/secret.h"
#include "broker/auth/token_bucket.h"

namespace playhead::broker {

// At most this many answers are delayed at a time, over all clients.
inline constexpr size_t kRefusalsHeldMax = 1000;

// A key for Authenticator::Put.
struct KeyEntry {
  KeyRules rules;
  SecretHash secret;
  std::optional<SecretHash> previous_secret;
  absl::Time previous_secret_until = absl::InfinitePast();
  absl::Time expires_at = absl::InfiniteFuture();
  bool revoked = false;
};

// Thread safety: all methods may be called from any thread.   Blocking: none; memory only.
class Authenticator {
 public:
  // `admin_secret`: the hash of the administrator's secret, if there is one. `refusal_delay`: how long an answer is
  // delayed; positive.
  Authenticator(
      std::optional<SecretHash> admin_secret, absl::Duration refusal_delay, Clock clock = [] { return absl::Now(); });

  // The caller that `secret` identifies; `secret` is empty if the call has none. On a broker that runs open, any secret
  // will do. Compares in constant time. Unauthenticated:
  //   UNAUTHENTICATED           missing, malformed, unknown or wrong; all but the first get the same message.
  //   KEY_REVOKED, KEY_EXPIRED  right, but no longer valid.
  absl::StatusOr<std::shared_ptr<Caller>> Authenticate(absl::string_view secret) const ABSL_LOCKS_EXCLUDED(mu_);

  // The caller for a token that the broker issued to a client with a secret of this key. The administrator's id counts
  // too, and on a broker that runs open so does "".
  //   Unauthenticated  UNAUTHENTICATED: there is no such key; KEY_REVOKED, KEY_EXPIRED.
  absl::StatusOr<std::shared_ptr<Caller>> CallerOf(absl::string_view key_id) const ABSL_LOCKS_EXCLUDED(mu_);

  // A known secret, and its caller.
  struct Holder {
    SecretHash secret;
    std::shared_ptr<Caller> caller;
  };
  // The secrets of a key, the current one first: at most two, none if there is no such key. The administrator's id
  // counts too, and on a broker that runs open so does "" (whose secret is all zeros). They may be no longer valid.
  absl::InlinedVector<Holder, 2> HoldersOf(absl::string_view key_id) const ABSL_LOCKS_EXCLUDED(mu_);

  // How long to delay the answer to a call that brought `secret` and is refused with `refusal`; usually zero. An
  // UNAUTHENTICATED counts as a wrong secret; no other refusal does. Call it once for each refused call.
  absl::Duration RefusalDelay(const absl::Status& refusal, absl::string_view secret) ABSL_LOCKS_EXCLUDED(mu_);

  // Whether no key and no administrator's secret exists, so that everybody may do everything. Once false it stays
  // false.
  bool open() const { return open_.load(std::memory_order_acquire); }

  // Adds a key, or updates a known one: its expiry, its secrets and whether it is revoked; the rules of a known key do
  // not change. The first key ends open running: callers without a secret become invalid, like those of a revoked key.
  void Put(const KeyEntry& entry) ABSL_LOCKS_EXCLUDED(mu_);
  // Removes a key. Its current callers see it as revoked. Does not make the broker run open.
  void Remove(absl::string_view key_id) ABSL_LOCKS_EXCLUDED(mu_);

  const Clock& clock() const { return clock_; }

 private:
  struct Slot {
    std::shared_ptr<Key> key;
    SecretHash secret;
    std::shared_ptr<Caller> caller;
    std::optional<SecretHash> previous_secret;
    std::shared_ptr<Caller> previous_caller;
  };

  // The kind of a wrong secret that names no known key.
  enum class Wrong { kNone, kMalformed, kUnknown };

  const absl::Duration refusal_delay_;
  const Clock clock_;
  const std::optional<SecretHash> admin_secret_;
  const std::shared_ptr<Caller> admin_;
  const std::shared_ptr<Caller> anybody_;
  std::atomic<bool> open_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  absl::flat_hash_map<std::string, Slot> slots_ ABSL_GUARDED_BY(mu_);
  std::array<TokenBucket, 3> wrong_ ABSL_GUARDED_BY(mu_);  // By Wrong.
  TokenBucket held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_AUTHENTICATOR_H_
