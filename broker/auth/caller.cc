#include "broker/auth/caller.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker {
namespace {

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

KeyRules AnybodysRules() {
  KeyRules rules;
  rules.permissions = PermissionSet::All();
  rules.instances = InstancePatterns::Everything();
  return rules;
}

}  // namespace

Caller::Caller(Clock clock) : Caller(std::make_shared<Key>(AnybodysRules(), std::move(clock))) {}

Caller::Caller(std::shared_ptr<Key> key) : key_(std::move(key)), good_until_micros_(kForever) {}

Caller::Caller(std::shared_ptr<const Caller> lender, PermissionSet permissions, InstancePatterns instances)
    : key_(lender->key_),
      loan_(std::make_unique<const Loan>(Loan{std::move(lender), permissions, std::move(instances)})),
      good_until_micros_(kForever) {}

absl::Status Caller::CheckGood() const {
  if (loan_ != nullptr) return loan_->lender->CheckGood();
  if (absl::Status status = key_->CheckGood(); !status.ok()) return status;
  const int64_t good_until = good_until_micros_.load(std::memory_order_relaxed);
  if (good_until == kForever || absl::ToUnixMicros(key_->Now()) < good_until) return absl::OkStatus();
  if (key_id().empty()) {
    return MakeError(Reason::kUnauthenticated, "the broker has keys now: a key is needed");
  }
  return MakeError(Reason::kKeyExpired,
                   absl::StrCat("this secret of key ", key_id(), " was replaced, and its time of grace is over"));
}

absl::Status Caller::Check(Permission permission, absl::string_view instance) const {
  if (absl::Status status = CheckGood(); !status.ok()) return status;
  return Covers(permission, instance) ? absl::OkStatus() : Denied(permission, instance);
}

bool Caller::Covers(Permission permission, absl::string_view instance) const {
  if (storage::IsOwnInstance(instance)) {
    if (permission == Permission::kAppend) return false;
    permission = Permission::kManage;
  }
  return HasPermission(permission) && key_->rules().instances.Cover(instance) &&
         (loan_ == nullptr || loan_->instances.Cover(instance));
}

bool Caller::HasPermission(Permission permission) const {
  return key_->rules().permissions.Has(permission) && (loan_ == nullptr || loan_->permissions.Has(permission));
}

bool Caller::CoversByAny(absl::string_view instance) const {
  return Covers(Permission::kSubscribe, instance) || Covers(Permission::kAppend, instance) ||
         Covers(Permission::kManage, instance);
}

absl::Status Caller::CheckPrefix(Permission permission, absl::string_view prefix) const {
  if (absl::Status status = CheckGood(); !status.ok()) return status;
  if (storage::IsOwnInstance(prefix)) permission = Permission::kManage;
  if (HasPermission(permission) && key_->rules().instances.CoverPrefix(prefix) &&
      (loan_ == nullptr || loan_->instances.CoverPrefix(prefix))) {
    return absl::OkStatus();
  }
  return MakeError(Reason::kPermissionDenied,
                   absl::StrCat(Name(), " lacks the permission `", PermissionName(permission), "` on all instances `",
                                prefix, "*`"));
}

absl::Status Caller::CheckAll(Permission permission) const {
  if (absl::Status status = CheckGood(); !status.ok()) return status;
  if (HasPermission(permission) && key_->rules().instances.CoverEverything() &&
      (loan_ == nullptr || loan_->instances.CoverEverything())) {
    return absl::OkStatus();
  }
  return MakeError(Reason::kPermissionDenied,
                   absl::StrCat(Name(), " lacks the permission `", PermissionName(permission),
                                "` on all instances (`*`), which this call needs"));
}

std::string Caller::Name() const {
  return absl::StrCat(loan_ == nullptr ? "key " : "the access token of key ", key_id());
}

absl::Status Caller::Denied(Permission permission, absl::string_view instance) const {
  if (absl::Status status = storage::CheckInstanceName(instance); !status.ok()) return status;
  if (storage::IsOwnInstance(instance)) {
    return MakeError(Reason::kPermissionDenied,
                     permission == Permission::kAppend
                         ? absl::StrCat("instance \"", instance, "\" is the broker's own: nobody else appends to it")
                         : absl::StrCat("instance \"", instance, "\" is the broker's own: ", Name(),
                                        " needs the permission `manage` on it"));
  }
  return MakeError(
      Reason::kPermissionDenied,
      absl::StrCat(Name(), " lacks the permission `", PermissionName(permission), "` on instance \"", instance, "\""));
}

void Caller::Retire(absl::Time when) {
  const int64_t micros = absl::ToUnixMicros(when);
  int64_t current = good_until_micros_.load(std::memory_order_relaxed);
  while (micros < current && !good_until_micros_.compare_exchange_weak(current, micros, std::memory_order_relaxed)) {
  }
}

}  // namespace playhead::broker
