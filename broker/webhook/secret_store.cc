#include "broker/webhook/secret_store.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"
#include "storage/event_log.h"

namespace playhead::broker::webhook {

using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;

namespace {

constexpr absl::string_view kRowPrefix = "webhook/secret/";

std::string RowKey(absl::string_view name) { return absl::StrCat(kRowPrefix, name); }

absl::Status CheckName(absl::string_view name) {
  return name == kAllInstances ? absl::OkStatus() : storage::CheckInstanceName(name);
}

absl::Status CheckSecret(absl::string_view secret, absl::Duration keep_previous) {
  const bool is_visible = std::all_of(secret.begin(), secret.end(),
                                      [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
  if (!is_visible || secret.empty() || secret.size() > kAppSecretBytesMax) {
    return MakeError(Reason::kWebhookSecretInvalid,
                     absl::StrCat("an app secret has 1 to ", kAppSecretBytesMax, " visible ASCII characters"));
  }
  if (keep_previous < absl::ZeroDuration() || keep_previous > kKeepPreviousMax) {
    return MakeError(Reason::kWebhookSecretInvalid,
                     absl::StrCat("the previous secret is kept for up to ", absl::FormatDuration(kKeepPreviousMax)));
  }
  return absl::OkStatus();
}

absl::Status Sealed(absl::string_view why) {
  return MakeError(Reason::kWebhookSecretsSealed, absl::StrCat("the webhook secrets cannot be opened: ", why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SecretStore>> SecretStore::Open(storage::RecordStore& records,
                                                               storage::Executor& executor, std::string seal_key_file,
                                                               Clock clock) {
  std::unique_ptr<SecretStore> store(new SecretStore(records, executor, std::move(seal_key_file), std::move(clock)));
  if (absl::Status status = store->Load(); !status.ok()) return status;
  return store;
}

absl::Status SecretStore::Load() {
  const absl::Status loaded = ForEachRecord(records_, RecordSpace::kKeys, kRowPrefix, [this](const Record& record) {
    if (rows_[record.key.substr(kRowPrefix.size())].ParseFromString(record.value)) return absl::OkStatus();
    return MakeError(Reason::kDataLoss, absl::StrCat("the record ", record.key, " is damaged"));
  });
  if (!loaded.ok()) return loaded;
  Publish();
  return absl::OkStatus();
}

std::shared_ptr<const SecretTable> SecretStore::table() const {
  absl::MutexLock lock(&mu_);
  return table_;
}

absl::Status SecretStore::ready() const {
  absl::MutexLock lock(&mu_);
  return ready_;
}

std::vector<SecretInfo> SecretStore::List() const {
  absl::MutexLock lock(&mu_);
  return infos_;
}

void SecretStore::Set(std::string name, std::string secret, absl::Duration keep_previous,
                      storage::StatusCallback done) {
  absl::Status status = CheckName(name);
  if (status.ok()) status = CheckSecret(secret, keep_previous);
  if (!status.ok()) return std::move(done)(status);
  Submit({std::move(name), std::move(secret), keep_previous}, std::move(done));
}

void SecretStore::Delete(std::string name, storage::StatusCallback done) {
  if (absl::Status status = CheckName(name); !status.ok()) return std::move(done)(status);
  Submit({std::move(name), std::nullopt, absl::ZeroDuration()}, std::move(done));
}

void SecretStore::Submit(Change change, storage::StatusCallback done) {
  changes_.Add(std::move(done), [this, change = std::move(change)](storage::StatusCallback finish) mutable {
    // Not on the caller's thread: Run may read and write files.
    executor_.Post([this, change = std::move(change), finish = std::move(finish)]() mutable {
      Run(std::move(change), std::move(finish));
    });
  });
}

void SecretStore::Run(Change change, storage::StatusCallback done) {
  auto row = Prepare(change);
  if (!row.ok()) return std::move(done)(row.status());
  std::string key = RowKey(change.name);
  std::optional<std::string> value;
  if (row->has_value()) value = (*row)->SerializeAsString();
  records_.Write({{RecordSpace::kKeys, std::move(key), std::move(value)}},
                 [this, name = std::move(change.name), row = *std::move(row),
                  done = std::move(done)](absl::Status status) mutable {
                   // Not on the log's thread: Apply may read files.
                   executor_.Post([this, name = std::move(name), row = std::move(row), done = std::move(done),
                                   status = std::move(status)]() mutable {
                     if (status.ok()) Apply(name, std::move(row));
                     std::move(done)(std::move(status));
                   });
                 });
}

absl::StatusOr<std::optional<store::v1::WebhookSecretRecord>> SecretStore::Prepare(const Change& change) {
  const auto found = rows_.find(change.name);
  if (!change.secret.has_value()) {
    if (found != rows_.end()) return std::nullopt;
    return MakeError(Reason::kWebhookSecretMissing, absl::StrCat("no secret is set for ", change.name));
  }
  if (absl::Status status = ready(); !status.ok()) return status;
  if (absl::Status status = ReadySeal(); !status.ok()) return status;
  if (found == rows_.end() && rows_.size() >= kSecretsMax) {
    return MakeError(Reason::kKeysLimit, absl::StrCat("there are ", kSecretsMax, " webhook secrets already"));
  }
  const absl::Time now = clock_();
  if (found != rows_.end() && Repeats(found->second, *change.secret, RowKey(change.name))) {
    // A repeated call, for instance after a lost answer: the previous secret stays the previous one.
    store::v1::WebhookSecretRecord row = found->second;
    row.set_previous_until(std::min(row.previous_until(), absl::ToUnixMicros(now + change.keep_previous)));
    return row;
  }
  store::v1::WebhookSecretRecord row;
  row.set_secret(seal_->Close(*change.secret, RowKey(change.name)));
  row.set_set_at(absl::ToUnixMicros(now));
  if (found != rows_.end() && change.keep_previous > absl::ZeroDuration()) {
    row.set_previous_secret(found->second.secret());
    row.set_previous_until(absl::ToUnixMicros(now + change.keep_previous));
  }
  return row;
}

bool SecretStore::Repeats(const store::v1::WebhookSecretRecord& row, absl::string_view secret,
                          absl::string_view label) const {
  const auto current = seal_->Open(row.secret(), label);
  return current.ok() && current->size() == secret.size() &&
         CRYPTO_memcmp(current->data(), secret.data(), secret.size()) == 0;
}

// Creates the key when it is first needed, but never while secrets are sealed with another one.
absl::Status SecretStore::ReadySeal() {
  if (seal_.has_value()) return absl::OkStatus();
  auto seal = Seal::Load(seal_key_file_);
  if (absl::IsNotFound(seal.status()) && rows_.empty()) seal = Seal::Make(seal_key_file_);
  if (!seal.ok()) return Sealed(seal.status().message());
  seal_ = *std::move(seal);
  return absl::OkStatus();
}

void SecretStore::Apply(const std::string& name, std::optional<store::v1::WebhookSecretRecord> row) {
  if (row.has_value()) {
    rows_[name] = *std::move(row);
  } else {
    rows_.erase(name);
  }
  Publish();
}

void SecretStore::Publish() {
  std::vector<SecretInfo> infos;
  for (const auto& [name, row] : rows_) {
    infos.push_back({name, absl::FromUnixMicros(row.set_at()),
                     row.previous_secret().empty() ? absl::UnixEpoch() : absl::FromUnixMicros(row.previous_until())});
  }
  auto opened = OpenRows();
  auto table = std::make_shared<const SecretTable>(opened.ok() ? *std::move(opened) : SecretTable());
  absl::MutexLock lock(&mu_);
  infos_ = std::move(infos);
  table_ = std::move(table);
  ready_ = opened.status();
}

absl::StatusOr<SecretTable> SecretStore::OpenRows() {
  SecretTable table;
  if (rows_.empty()) return table;
  if (absl::Status status = ReadySeal(); !status.ok()) return status;
  for (const auto& [name, row] : rows_) {
    AppSecret& secret = table.secrets[name];
    secret.set_at = absl::FromUnixMicros(row.set_at());
    auto opened = seal_->Open(row.secret(), RowKey(name));
    if (opened.ok()) secret.current = *std::move(opened);
    if (opened.ok() && !row.previous_secret().empty()) {
      opened = seal_->Open(row.previous_secret(), RowKey(name));
      if (opened.ok()) secret.previous = *std::move(opened);
      secret.previous_until = absl::FromUnixMicros(row.previous_until());
    }
    if (!opened.ok()) {
      // The file may be restored, or the rows that it does not open deleted: then try again.
      seal_.reset();
      return Sealed(absl::StrCat(opened.status().message(), " (", seal_key_file_, ")"));
    }
  }
  return table;
}

}  // namespace playhead::broker::webhook
