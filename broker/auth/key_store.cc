#include "broker/auth/key_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/auth/key_record.h"
#include "broker/auth/secret.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"
#include "storage/record_store.h"

namespace playhead::broker {

using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;
using store::v1::KeyRecord;

namespace {

constexpr absl::string_view kRowPrefix = "key/";

// A key's rules, for the audit log.
std::string Describe(const v1::Key& key) {
  std::vector<std::string> permissions;
  for (const int permission : key.permissions()) permissions.push_back(v1::Permission_Name(permission));
  return absl::StrCat("name=", key.name(), " permissions=", absl::StrJoin(permissions, ","),
                      " instances=", absl::StrJoin(key.instances(), ","), " expires_at=", key.expires_at());
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyStore>> KeyStore::Load(storage::EventLog& log, Authenticator& auth, Audit& audit) {
  std::unique_ptr<KeyStore> store(new KeyStore(log, auth, audit));
  const absl::Status loaded = ForEachRecord(log.records(), RecordSpace::kKeys, kRowPrefix, [&](const Record& row) {
    KeyRecord record;
    if (!record.ParseFromString(row.value) || row.key != absl::StrCat(kRowPrefix, record.key().id())) {
      return absl::DataLossError(absl::StrCat("the stored row ", row.key, " is damaged"));
    }
    auto entry = ToEntry(record);
    if (!entry.ok()) return entry.status();
    auth.Put(*entry);
    absl::MutexLock lock(&store->mu_);
    store->records_.emplace(record.key().id(), std::move(record));
    return absl::OkStatus();
  });
  if (!loaded.ok()) return loaded;
  return store;
}

void KeyStore::Create(std::string actor, v1::CreateKeyRequest request, storage::Callback<v1::CreateKeyResponse> done) {
  const std::string id = NewKeyId();
  const std::string secret = NewSecret(id);
  Enqueue([this, actor = std::move(actor), request = std::move(request), id,
           secret] { return DecideCreate(actor, request, id, secret); },
          [this, id, secret, done = std::move(done)](absl::Status status) mutable {
            if (!status.ok()) return std::move(done)(std::move(status));
            v1::CreateKeyResponse response;
            *response.mutable_key() = KeyOf(id);
            response.set_secret(secret);
            std::move(done)(std::move(response));
          });
}

void KeyStore::Revoke(std::string actor, v1::RevokeKeyRequest request, storage::Callback<v1::RevokeKeyResponse> done) {
  const std::string id = request.id();
  Enqueue([this, actor = std::move(actor), id] { return DecideRevoke(actor, id); },
          [this, id, done = std::move(done)](absl::Status status) mutable {
            if (!status.ok()) return std::move(done)(std::move(status));
            v1::RevokeKeyResponse response;
            *response.mutable_key() = KeyOf(id);
            std::move(done)(std::move(response));
          });
}

void KeyStore::Rotate(std::string actor, v1::RotateKeyRequest request, storage::Callback<v1::RotateKeyResponse> done) {
  const std::string id = request.id();
  const std::string secret = NewSecret(id);
  Enqueue([this, actor = std::move(actor), request = std::move(request),
           secret] { return DecideRotate(actor, request, secret); },
          [this, id, secret, done = std::move(done)](absl::Status status) mutable {
            if (!status.ok()) return std::move(done)(std::move(status));
            v1::RotateKeyResponse response;
            *response.mutable_key() = KeyOf(id);
            response.set_secret(secret);
            std::move(done)(std::move(response));
          });
}

std::vector<v1::Key> KeyStore::List(absl::string_view after_id, size_t limit) const {
  absl::MutexLock lock(&mu_);
  std::vector<v1::Key> keys;
  for (auto row = records_.upper_bound(after_id); row != records_.end() && keys.size() < limit; ++row) {
    keys.push_back(row->second.key());
  }
  return keys;
}

absl::StatusOr<std::optional<KeyStore::Change>> KeyStore::DecideCreate(const std::string& actor,
                                                                       const v1::CreateKeyRequest& request,
                                                                       const std::string& id,
                                                                       const std::string& secret) const {
  const absl::Time now = auth_.clock()();
  if (absl::Status status = CheckCreate(request, now); !status.ok()) return status;
  Change change;
  v1::Key& key = *change.record.mutable_key();
  key.set_id(id);
  key.set_name(request.name());
  *key.mutable_permissions() = request.permissions();
  *key.mutable_instances() = request.instances();
  key.set_expires_at(request.expires_at());
  key.set_created_at(absl::ToUnixMicros(now));
  if (request.has_quotas()) *key.mutable_quotas() = request.quotas();
  change.record.set_secret_sha256(std::string(SecretHash::Of(secret).bytes()));
  change.audit = {actor, "audit.key_created", id, Describe(key)};
  if (auth_.open()) {
    const auto entry = ToEntry(change.record);
    if (!entry.ok()) return entry.status();
    if (!entry->rules.permissions.Has(Permission::kManage) || !entry->rules.instances.CoverEverything()) {
      return MakeError(Reason::kKeyInvalid,
                       "the first key ends open running, and nobody could make another: it must have the permission "
                       "`manage` on `*`, or the broker an --admin_secret_file");
    }
  }
  absl::MutexLock lock(&mu_);
  if (records_.size() < kKeysMax) return change;
  for (const auto& [other_id, other] : records_) {
    if (other.key().revoked_at() == 0) continue;
    if (!change.removed_id || other.key().revoked_at() < records_.at(*change.removed_id).key().revoked_at()) {
      change.removed_id = other_id;
    }
  }
  if (change.removed_id) return change;
  return MakeError(Reason::kKeysLimit, absl::StrCat("there are ", kKeysMax,
                                                    " keys, the most that a broker keeps: revoke one to make room"));
}

absl::StatusOr<std::optional<KeyStore::Change>> KeyStore::DecideRevoke(const std::string& actor,
                                                                       const std::string& id) const {
  auto record = Find(id);
  if (!record.ok()) return record.status();
  if (record->key().revoked_at() != 0) return std::nullopt;
  Change change;
  change.record = *std::move(record);
  change.record.mutable_key()->set_revoked_at(absl::ToUnixMicros(auth_.clock()()));
  change.audit = {actor, "audit.key_revoked", id, absl::StrCat("name=", change.record.key().name())};
  return change;
}

absl::StatusOr<std::optional<KeyStore::Change>> KeyStore::DecideRotate(const std::string& actor,
                                                                       const v1::RotateKeyRequest& request,
                                                                       const std::string& secret) const {
  auto record = Find(request.id());
  if (!record.ok()) return record.status();
  if (record->key().revoked_at() != 0) {
    return MakeError(Reason::kKeyRevoked,
                     absl::StrCat("key ", request.id(), " has been revoked, which nothing undoes: make a new one"));
  }
  const absl::Time now = auth_.clock()();
  const absl::Duration grace = request.has_grace_seconds() ? absl::Seconds(request.grace_seconds()) : kGraceDefault;
  if (grace > kGraceMax) {
    return MakeError(Reason::kKeyInvalid, absl::StrCat("`grace_seconds` is 0 to ", absl::ToInt64Seconds(kGraceMax)));
  }
  Change change;
  change.record = *std::move(record);
  v1::Key& key = *change.record.mutable_key();
  if (request.has_expires_at()) {
    if (absl::Status status = CheckExpiry(request.expires_at(), now); !status.ok()) return status;
    key.set_expires_at(request.expires_at());
  }
  key.set_rotated_at(absl::ToUnixMicros(now));
  key.set_previous_secret_until(absl::ToUnixMicros(now + grace));
  change.record.set_previous_secret_sha256(change.record.secret_sha256());
  change.record.set_secret_sha256(std::string(SecretHash::Of(secret).bytes()));
  change.audit = {
      actor, "audit.key_rotated", request.id(),
      absl::StrCat("name=", key.name(), " grace=", absl::FormatDuration(grace), " expires_at=", key.expires_at())};
  return change;
}

absl::StatusOr<KeyRecord> KeyStore::Find(const std::string& id) const {
  absl::MutexLock lock(&mu_);
  const auto found = records_.find(id);
  if (found == records_.end()) return MakeError(Reason::kKeyNotFound, "there is no key of this id");
  return found->second;
}

v1::Key KeyStore::KeyOf(const std::string& id) const {
  absl::MutexLock lock(&mu_);
  return records_.at(id).key();
}

void KeyStore::Enqueue(Decide decide, storage::StatusCallback done) {
  changes_.Add(std::move(done), [this, decide = std::move(decide)](storage::StatusCallback finish) mutable {
    auto change = decide();
    if (!change.ok() || !*change) return std::move(finish)(change.status());
    CarryOut(**std::move(change), std::move(finish));
  });
}

void KeyStore::CarryOut(Change change, storage::StatusCallback done) {
  const AuditEntry audit = change.audit;
  audit_.Record(audit, [this, change = std::move(change), done = std::move(done)](absl::Status recorded) mutable {
    if (!recorded.ok()) return std::move(done)(std::move(recorded));
    std::vector<RecordChange> rows;
    const std::string& id = change.record.key().id();
    rows.push_back({RecordSpace::kKeys, absl::StrCat(kRowPrefix, id), change.record.SerializeAsString()});
    if (change.removed_id) {
      rows.push_back({RecordSpace::kKeys, absl::StrCat(kRowPrefix, *change.removed_id), std::nullopt});
    }
    log_.records().Write(std::move(rows),
                         [this, change = std::move(change), done = std::move(done)](absl::Status written) mutable {
                           if (written.ok()) written = Apply(change);
                           std::move(done)(std::move(written));
                         });
  });
}

absl::Status KeyStore::Apply(const Change& change) {
  const auto entry = ToEntry(change.record);
  if (!entry.ok()) return entry.status();
  {
    absl::MutexLock lock(&mu_);
    if (change.removed_id) records_.erase(*change.removed_id);
    records_[change.record.key().id()] = change.record;
  }
  if (change.removed_id) auth_.Remove(*change.removed_id);
  auth_.Put(*entry);
  return absl::OkStatus();
}

}  // namespace playhead::broker
