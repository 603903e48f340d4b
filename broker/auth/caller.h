// Who makes a call: a key by one of its secrets, the administrator, or anybody on a broker that runs open; or somebody
// to whom one of these has lent a part of what it may do.
#ifndef PLAYHEAD_BROKER_AUTH_CALLER_H_
#define PLAYHEAD_BROKER_AUTH_CALLER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/instance_patterns.h"
#include "broker/auth/key.h"
#include "broker/auth/permission.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The administrator's key id. No key has it: theirs begin with `k` and are longer.
inline constexpr absl::string_view kAdminKeyId = "admin";

// Shared by all calls with the same secret. What it may do never changes, only whether it is still good.
// Thread safety: all methods may be called from any thread.   Blocking: none.
class Caller {
 public:
  // Anybody: may do everything until the broker has a key.
  explicit Caller(Clock clock);
  // By a secret of `key`, which is good until Retire says otherwise.
  explicit Caller(std::shared_ptr<Key> key);
  // On loan: may do what `lender` may and `permissions` and `instances` allow, for as long as `lender` is good. What it
  // uses counts against the quotas of the lender's key.
  Caller(std::shared_ptr<const Caller> lender, PermissionSet permissions, InstancePatterns instances);
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // "" for anybody.
  const std::string& key_id() const { return key_->rules().id; }

  // Ok, or Unauthenticated: KEY_REVOKED, KEY_EXPIRED (the secret's end counts too); UNAUTHENTICATED for anybody once
  // the broker has a key. A few nanoseconds.
  absl::Status CheckGood() const;

  // The one check of the broker, on every call and for every instance: as CheckGood, or
  //   PermissionDenied  the key does not cover the instance or lacks the permission. An instance of the broker's own
  //                     (`playhead.*`) is not appended to by anyone, and read with kManage.
  //   InvalidArgument   INSTANCE_NAME_INVALID, where it is refused and that is why.
  absl::Status Check(Permission permission, absl::string_view instance) const;

  // Whether Check would let it, of a key that is good: for lists, the rows that it may see.
  bool Covers(Permission permission, absl::string_view instance) const;
  bool CoversByAny(absl::string_view instance) const;

  // As Check, for every instance whose name begins with `prefix`, those to come included: PERMISSION_DENIED unless the
  // key covers all of them. The broker's own are among them only if the prefix is theirs.
  absl::Status CheckPrefix(Permission permission, absl::string_view prefix) const;

  // As Check, for all instances at once: what administers the broker as a whole.
  absl::Status CheckAll(Permission permission) const;

  // Counts an append against the key's quotas. ResourceExhausted (QUOTA_EXCEEDED), with when to retry: not counted.
  absl::Status ChargeAppend(size_t events, size_t bytes) { return key_->ChargeAppend(events, bytes); }
  // The same for a stream, which is slowed down instead: counts, and says how long the stream must not read on. A
  // stream that has yet to begin asks with zeros.
  absl::Duration AppendDelay(size_t events, size_t bytes) { return key_->AppendDelay(events, bytes); }

  // What comes before anything that makes an instance of a new name: InstanceQuota::Admit.
  void AdmitInstance(storage::EventLog& log, const std::string& instance, storage::StatusCallback done) const {
    key_->instance_quota().Admit(log, instance, std::move(done));
  }

  // Whether it may do that to any instance that it covers.
  bool HasPermission(Permission permission) const;
  // The names among which all are that it covers: of the loan, if there is one.
  const InstancePatterns& patterns() const { return loan_ == nullptr ? key_->rules().instances : loan_->instances; }

  // What the caller shares with those who have another secret of the key.
  Key& key() const { return *key_; }

  // Ends the secret at `when`, or anybody's being let in. A later end than the one set before does nothing.
  void Retire(absl::Time when);

 private:
  struct Loan {
    const std::shared_ptr<const Caller> lender;
    const PermissionSet permissions;
    const InstancePatterns instances;
  };

  absl::Status Denied(Permission permission, absl::string_view instance) const;
  // For messages: the key, or what was lent of it.
  std::string Name() const;

  const std::shared_ptr<Key> key_;
  const std::unique_ptr<const Loan> loan_;  // nullptr for most.
  std::atomic<int64_t> good_until_micros_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_CALLER_H_
