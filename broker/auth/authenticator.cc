#include "broker/auth/authenticator.h"

#include <utility>

#include "broker/auth/wrong_secret_rate.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

std::shared_ptr<Caller> MakeAdmin(const Clock& clock) {
  KeyRules rules;
  rules.id = std::string(kAdminKeyId);
  rules.permissions = PermissionSet::All();
  rules.instances = InstancePatterns::Everything();
  return std::make_shared<Caller>(std::make_shared<Key>(std::move(rules), clock));
}

TokenBucket WrongSecrets() { return TokenBucket(kWrongSecretsPerSecond, kWrongSecretsBurst); }

}  // namespace

Authenticator::Authenticator(std::optional<SecretHash> admin_secret, absl::Duration refusal_delay, Clock clock)
    : refusal_delay_(refusal_delay),
      clock_(std::move(clock)),
      admin_secret_(admin_secret),
      admin_(MakeAdmin(clock_)),
      anybody_(std::make_shared<Caller>(clock_)),
      open_(!admin_secret.has_value()),
      wrong_{WrongSecrets(), WrongSecrets(), WrongSecrets()},
      held_(static_cast<uint64_t>(kRefusalsHeldMax / absl::ToDoubleSeconds(2 * refusal_delay_)), kRefusalsHeldMax / 2) {
}

absl::StatusOr<std::shared_ptr<Caller>> Authenticator::Authenticate(absl::string_view secret) const {
  if (open()) return anybody_;
  if (secret.empty()) {
    return MakeError(Reason::kUnauthenticated,
                     "a key is needed: send its secret as `authorization: Bearer ph_...`, or as the protocol has it");
  }
  const absl::Status wrong = MakeError(Reason::kUnauthenticated, "this is not the secret of a key");
  if (secret.size() > kSecretBytesMax) return wrong;
  const SecretHash hash = SecretHash::Of(secret);
  if (admin_secret_ && hash.Equals(*admin_secret_)) return admin_;
  const auto key_id = KeyIdIn(secret);
  if (!key_id) return wrong;

  std::shared_ptr<Caller> caller;
  {
    absl::ReaderMutexLock lock(&mu_);
    const auto found = slots_.find(*key_id);
    if (found == slots_.end()) return wrong;
    const Slot& slot = found->second;
    if (hash.Equals(slot.secret)) {
      caller = slot.caller;
    } else if (slot.previous_secret && hash.Equals(*slot.previous_secret)) {
      caller = slot.previous_caller;
    } else {
      return wrong;
    }
  }
  if (absl::Status status = caller->CheckGood(); !status.ok()) return status;
  return caller;
}

absl::StatusOr<std::shared_ptr<Caller>> Authenticator::CallerOf(absl::string_view key_id) const {
  if (open()) return anybody_;
  if (admin_secret_ && key_id == kAdminKeyId) return admin_;
  std::shared_ptr<Caller> caller;
  {
    absl::ReaderMutexLock lock(&mu_);
    const auto found = slots_.find(key_id);
    if (found == slots_.end()) return MakeError(Reason::kUnauthenticated, "there is no such key any more");
    caller = found->second.caller;
  }
  if (absl::Status status = caller->CheckGood(); !status.ok()) return status;
  return caller;
}

absl::InlinedVector<Authenticator::Holder, 2> Authenticator::HoldersOf(absl::string_view key_id) const {
  absl::InlinedVector<Holder, 2> holders;
  if (key_id.empty() && open()) holders.push_back({SecretHash(), anybody_});
  if (key_id == kAdminKeyId && admin_secret_) holders.push_back({*admin_secret_, admin_});
  absl::ReaderMutexLock lock(&mu_);
  const auto found = slots_.find(key_id);
  if (found == slots_.end()) return holders;
  const Slot& slot = found->second;
  holders.push_back({slot.secret, slot.caller});
  if (slot.previous_secret) holders.push_back({*slot.previous_secret, slot.previous_caller});
  return holders;
}

absl::Duration Authenticator::RefusalDelay(const absl::Status& refusal, absl::string_view secret) {
  if (!HasReason(refusal, Reason::kUnauthenticated)) return absl::ZeroDuration();
  const absl::Time now = clock_();
  const auto key_id = KeyIdIn(secret);
  const Wrong kind = secret.empty() ? Wrong::kNone : key_id ? Wrong::kUnknown : Wrong::kMalformed;
  absl::MutexLock lock(&mu_);
  const auto found = key_id ? slots_.find(*key_id) : slots_.end();
  const bool too_many =
      found != slots_.end() ? found->second.key->NoteWrongSecret() : NoteWrong(wrong_[static_cast<size_t>(kind)], now);
  if (!too_many || NoteWrong(held_, now)) return absl::ZeroDuration();
  return refusal_delay_;
}

void Authenticator::Put(const KeyEntry& entry) {
  absl::MutexLock lock(&mu_);
  const auto [found, is_new] = slots_.try_emplace(entry.rules.id);
  Slot& slot = found->second;
  if (is_new) {
    slot.key = std::make_shared<Key>(entry.rules, clock_);
    slot.secret = entry.secret;
    slot.caller = std::make_shared<Caller>(slot.key);
  } else if (!slot.secret.Equals(entry.secret)) {
    if (slot.previous_caller != nullptr) slot.previous_caller->Retire(clock_());
    slot.previous_caller = std::exchange(slot.caller, std::make_shared<Caller>(slot.key));
    slot.secret = entry.secret;
  }
  slot.previous_secret = entry.previous_secret;
  if (entry.previous_secret && slot.previous_caller == nullptr) {
    slot.previous_caller = std::make_shared<Caller>(slot.key);
  }
  if (slot.previous_caller != nullptr) {
    slot.previous_caller->Retire(entry.previous_secret ? entry.previous_secret_until : clock_());
  }
  slot.key->SetExpiry(entry.expires_at);
  if (entry.revoked) slot.key->Revoke();
  if (open_.exchange(false, std::memory_order_acq_rel)) anybody_->Retire(clock_());
}

void Authenticator::Remove(absl::string_view key_id) {
  absl::MutexLock lock(&mu_);
  const auto found = slots_.find(key_id);
  if (found == slots_.end()) return;
  found->second.key->Revoke();
  slots_.erase(found);
}

}  // namespace playhead::broker
