#include "broker/auth/key_record.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

absl::StatusOr<InstancePatterns> ToPatterns(const google::protobuf::RepeatedPtrField<std::string>& instances) {
  return InstancePatterns::Make(std::vector<absl::string_view>(instances.begin(), instances.end()));
}

std::optional<Permission> ToPermission(int permission) {
  switch (permission) {
    case v1::PERMISSION_APPEND:
      return Permission::kAppend;
    case v1::PERMISSION_SUBSCRIBE:
      return Permission::kSubscribe;
    case v1::PERMISSION_MANAGE:
      return Permission::kManage;
    default:
      return std::nullopt;
  }
}

// Empty if any is unknown.
PermissionSet ToPermissions(const google::protobuf::RepeatedField<int>& permissions) {
  PermissionSet set;
  for (const int value : permissions) {
    const auto permission = ToPermission(value);
    if (!permission) return {};
    set.Add(*permission);
  }
  return set;
}

absl::Time ToTime(int64_t micros, absl::Time if_zero) { return micros == 0 ? if_zero : absl::FromUnixMicros(micros); }

}  // namespace

absl::Status CheckCreate(const v1::CreateKeyRequest& request, absl::Time now) {
  const std::string& name = request.name();
  const bool has_control =
      std::any_of(name.begin(), name.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
  if (name.empty() || name.size() > kKeyNameBytesMax || has_control) {
    return MakeError(Reason::kKeyInvalid,
                     absl::StrCat("a key's name has 1 to ", kKeyNameBytesMax, " bytes without control characters"));
  }
  if (ToPermissions(request.permissions()).empty()) {
    return MakeError(Reason::kKeyInvalid, "a key has at least one of the permissions append, subscribe and manage");
  }
  if (const auto patterns = ToPatterns(request.instances()); !patterns.ok()) return patterns.status();
  if (request.quotas().instances_max() > kInstancesQuotaMax) {
    return MakeError(Reason::kKeyInvalid,
                     absl::StrCat("`instances_max` is up to ", kInstancesQuotaMax, ", or 0 for no bound"));
  }
  return CheckExpiry(request.expires_at(), now);
}

absl::Status CheckExpiry(int64_t expires_at, absl::Time now) {
  if (expires_at == 0 || expires_at > absl::ToUnixMicros(now)) return absl::OkStatus();
  return MakeError(Reason::kKeyInvalid, "`expires_at` must lie in the future, or be 0 for never");
}

absl::StatusOr<KeyEntry> ToEntry(const store::v1::KeyRecord& record) {
  const v1::Key& key = record.key();
  const auto secret = SecretHash::FromBytes(record.secret_sha256());
  auto patterns = ToPatterns(key.instances());
  KeyEntry entry;
  entry.rules.permissions = ToPermissions(key.permissions());
  if (!IsKeyId(key.id()) || !secret || !patterns.ok() || entry.rules.permissions.empty()) {
    return absl::DataLossError(absl::StrCat("the stored key \"", key.id(), "\" is damaged"));
  }
  entry.rules.id = key.id();
  entry.rules.instances = *std::move(patterns);
  entry.rules.quotas = {.append_events_per_second = key.quotas().append_events_per_second(),
                        .append_bytes_per_second = key.quotas().append_bytes_per_second(),
                        .streams_max = key.quotas().streams_max(),
                        .instances_max = key.quotas().instances_max()};
  entry.secret = *secret;
  entry.previous_secret = SecretHash::FromBytes(record.previous_secret_sha256());
  entry.previous_secret_until = ToTime(key.previous_secret_until(), absl::InfinitePast());
  entry.expires_at = ToTime(key.expires_at(), absl::InfiniteFuture());
  entry.revoked = key.revoked_at() != 0;
  return entry;
}

}  // namespace playhead::broker
