// Authenticator: from a secret to who calls. It holds the keys in memory; broker/auth/key_store.h keeps them on disk.
//
// Wrong secrets. With 256 random bits none is ever guessed, so delays are not what protects a key; they keep a client
// that tries without end from costing much and filling the log. What is counted is wrong secrets by what they name:
// each key has a count of its own, and so has each kind that names none. There is no count by address: clients behind
// one address do not punish each other. A right secret is never looked up in a count, so nobody can delay one. The
// counts are bounded because keys are, and the answers held back by their rate: past that they are given at once.
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

// At most this many answers are held back at a time, over all clients.
inline constexpr size_t kRefusalsHeldMax = 1000;

// A key as the table takes it up.
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
  // held back; positive.
  Authenticator(
      std::optional<SecretHash> admin_secret, absl::Duration refusal_delay, Clock clock = [] { return absl::Now(); });

  // Who calls with `secret`, which is empty if the call brought none. On a broker that runs open any will do.
  // Comparisons are in constant time. Unauthenticated:
  //   UNAUTHENTICATED           none, malformed, unknown or wrong; which of the last two is not said.
  //   KEY_REVOKED, KEY_EXPIRED  it is right, but no longer good.
  absl::StatusOr<std::shared_ptr<Caller>> Authenticate(absl::string_view secret) const ABSL_LOCKS_EXCLUDED(mu_);

  // Who calls by a token that the broker gave to whoever had a secret of this key; the administrator's id and, while it
  // runs open, "" count too.
  //   Unauthenticated  UNAUTHENTICATED: there is no such key; KEY_REVOKED, KEY_EXPIRED.
  absl::StatusOr<std::shared_ptr<Caller>> CallerOf(absl::string_view key_id) const ABSL_LOCKS_EXCLUDED(mu_);

  // A secret that is known, and who calls with it.
  struct Holder {
    SecretHash secret;
    std::shared_ptr<Caller> caller;
  };
  // Those of a key, the present one first: two at most, none if there is no such key. The administrator's id and, while
  // the broker runs open, "" (whose secret is all zeros) count too. They may be no longer good.
  absl::InlinedVector<Holder, 2> HoldersOf(absl::string_view key_id) const ABSL_LOCKS_EXCLUDED(mu_);

  // Counts a secret that was just refused with UNAUTHENTICATED; how long the answer must be held back, usually zero.
  absl::Duration RefusalDelay(absl::string_view secret) ABSL_LOCKS_EXCLUDED(mu_);

  // No key and no administrator's secret exists: everybody may do everything. Once false it stays false.
  bool open() const { return open_.load(std::memory_order_acquire); }

  // Takes up a key, or what has changed of it: expiry, secrets, and that it is revoked; of a known id the rules stay.
  // The first ends open running: calls of anybody end as those of a revoked key do.
  void Put(const KeyEntry& entry) ABSL_LOCKS_EXCLUDED(mu_);
  // Forgets a key; it counts as revoked for those who still hold it. Does not make the broker open.
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

  // What a wrong secret names, if it names no key.
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
