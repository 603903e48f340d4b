// The identity behind a call: one of a key's secrets, the administrator, anybody on a broker that runs open; or a
// client with an access token, to which one of these has lent part of its permissions.
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

// The administrator's key id. No key has this id: ids of keys begin with `k` and are longer.
inline constexpr absl::string_view kAdminKeyId = "admin";

// Shared by all calls with the same secret. Its permissions never change, only whether it is still valid. Thread
// safety: all methods may be called from any thread.   Blocking: none.
class Caller {
 public:
  // Anybody: may do everything until the broker has a key.
  explicit Caller(Clock clock);
  // For a secret of `key`, which is valid until Retire ends it.
  explicit Caller(std::shared_ptr<Key> key);
  // On loan: may do what both `lender` may do and `permissions` and `instances` allow, as long as `lender` is valid.
  // Its use counts against the quotas of the lender's key.
  Caller(std::shared_ptr<const Caller> lender, PermissionSet permissions, InstancePatterns instances);
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // "" for anybody.
  const std::string& key_id() const { return key_->rules().id; }

  // OK, or Unauthenticated: KEY_REVOKED; KEY_EXPIRED, also for a secret that was replaced; UNAUTHENTICATED for anybody
  // once the broker has a key. Takes a few nanoseconds.
  absl::Status CheckGood() const;

  // The permission check of every call, for every instance. As CheckGood, or
  //   PermissionDenied  the key does not cover the instance or lacks the permission. Nobody may append to the broker's
  //                     own instances (`playhead.*`); reading them takes kManage.
  //   InvalidArgument   INSTANCE_NAME_INVALID, instead of PermissionDenied for names that are not valid.
  absl::Status Check(Permission permission, absl::string_view instance) const;

  // Whether Check would return OK for a valid key: selects the rows of lists that the caller may see.
  bool Covers(Permission permission, absl::string_view instance) const;
  bool CoversByAny(absl::string_view instance) const;

  // As Check, for every instance whose name begins with `prefix`, including future ones: PERMISSION_DENIED unless the
  // key covers all of them. The broker's own instances are included only if the prefix is one of theirs.
  absl::Status CheckPrefix(Permission permission, absl::string_view prefix) const;

  // As Check, for all instances at once: needed to administer the broker as a whole.
  absl::Status CheckAll(Permission permission) const;

  // Counts an append against the key's quotas. ResourceExhausted (QUOTA_EXCEEDED), with when to retry: not counted.
  absl::Status ChargeAppend(size_t events, size_t bytes) { return key_->ChargeAppend(events, bytes); }
  // The same for a stream, which is slowed down instead: counts the append, and returns how long the stream must stop
  // reading. A stream that is about to begin passes zeros.
  absl::Duration AppendDelay(size_t events, size_t bytes) { return key_->AppendDelay(events, bytes); }

  // Call it before anything that creates an instance for a new name: as InstanceQuota::Admit.
  void AdmitInstance(storage::EventLog& log, const std::string& instance, storage::StatusCallback done) const {
    key_->instance_quota().Admit(log, instance, std::move(done));
  }

  // Whether it has the permission on the instances that it covers.
  bool HasPermission(Permission permission) const;
  // Patterns that include every name it covers: those of the loan, if it is on loan.
  const InstancePatterns& patterns() const { return loan_ == nullptr ? key_->rules().instances : loan_->instances; }

  // The key, which callers with other secrets of it share.
  Key& key() const { return *key_; }

  // Makes the caller invalid from `when` on. A later time than the one set before does nothing.
  void Retire(absl::Time when);

 private:
  struct Loan {
    const std::shared_ptr<const Caller> lender;
    const PermissionSet permissions;
    const InstancePatterns instances;
  };

  absl::Status Denied(Permission permission, absl::string_view instance) const;
  // For messages: the key, or the access token of the key.
  std::string Name() const;

  const std::shared_ptr<Key> key_;
  const std::unique_ptr<const Loan> loan_;  // nullptr for most.
  std::atomic<int64_t> good_until_micros_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_CALLER_H_
