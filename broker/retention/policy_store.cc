#include "broker/retention/policy_store.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "broker/stored_records.h"
#include "playhead/store/v1/retention_record.pb.h"
#include "proto/errors.h"
#include "storage/own_instances.h"
#include "storage/record_store.h"

namespace playhead::broker::retention {

using storage::InstanceNumber;
using storage::Record;
using storage::RecordSpace;

namespace {

constexpr absl::string_view kRowPrefix = "retention/";

}  // namespace

absl::StatusOr<std::unique_ptr<PolicyStore>> PolicyStore::Load(storage::EventLog& log) {
  std::unique_ptr<PolicyStore> store(new PolicyStore(log));
  const absl::Status loaded =
      ForEachRecord(log.records(), RecordSpace::kKeys, kRowPrefix, [&store](const Record& record) {
        store::v1::RetentionRecord row;
        if (!row.ParseFromString(record.value)) {
          return MakeError(Reason::kDataLoss, absl::StrCat("the record ", record.key, " is damaged"));
        }
        absl::MutexLock lock(&store->mu_);
        store->rows_[record.key.substr(kRowPrefix.size())] = {row.policy(), InstanceNumber(row.instance_number())};
        return absl::OkStatus();
      });
  if (!loaded.ok()) return loaded;
  absl::MutexLock lock(&store->mu_);
  store->PublishLives();
  return store;
}

std::optional<Policy> PolicyStore::Own(absl::string_view name, InstanceNumber number) const {
  absl::MutexLock lock(&mu_);
  const auto found = rows_.find(name);
  if (found == rows_.end() || found->second.number != number) return std::nullopt;
  return found->second.policy;
}

std::optional<Policy> PolicyStore::Effective(absl::string_view name, InstanceNumber number) const {
  auto own = Own(name, number);
  return own || storage::IsOwnInstance(name) ? own : OfAll();
}

std::vector<std::string> PolicyStore::Names() const {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> names;
  names.reserve(rows_.size());
  for (const auto& [name, row] : rows_) {
    if (name != kAllInstances) names.push_back(name);
  }
  return names;
}

void PolicyStore::Set(const std::string& name, InstanceNumber number, Policy policy, storage::StatusCallback done) {
  {
    absl::ReleasableMutexLock lock(&mu_);
    if (!rows_.contains(name) && rows_.size() >= kPoliciesMax) {
      lock.Release();
      return std::move(done)(
          MakeError(Reason::kKeysLimit, absl::StrCat(kPoliciesMax,
                                                     " instances have a retention policy: clear one, or set that of "
                                                     "all")));
    }
  }
  store::v1::RetentionRecord record;
  *record.mutable_policy() = policy;
  record.set_instance_number(number.value());
  log_.records().Write(
      {{RecordSpace::kKeys, absl::StrCat(kRowPrefix, name), record.SerializeAsString()}},
      [this, name, row = Row{std::move(policy), number}, done = std::move(done)](absl::Status status) mutable {
        if (status.ok()) Apply(name, std::move(row));
        std::move(done)(std::move(status));
      });
}

void PolicyStore::Clear(const std::string& name, storage::StatusCallback done) {
  log_.records().Write({{RecordSpace::kKeys, absl::StrCat(kRowPrefix, name), std::nullopt}},
                       [this, name, done = std::move(done)](absl::Status status) mutable {
                         if (status.ok()) Apply(name, std::nullopt);
                         std::move(done)(std::move(status));
                       });
}

void PolicyStore::Forget(const std::string& name, InstanceNumber number) {
  {
    absl::MutexLock lock(&mu_);
    const auto found = rows_.find(name);
    if (found == rows_.end() || found->second.number == number) return;
  }
  Clear(name, [](absl::Status) {});  // If that fails, it is done again: whoever found it finds it again.
}

void PolicyStore::Apply(const std::string& name, std::optional<Row> row) {
  {
    absl::MutexLock lock(&mu_);
    if (row) {
      rows_[name] = *std::move(row);
    } else {
      rows_.erase(name);
    }
    PublishLives();
  }
  on_change_();
}

void PolicyStore::PublishLives() {
  storage::TypeLifeTable::Lives of_all;
  absl::flat_hash_map<std::string, storage::TypeLifeTable::Lives> by_name;
  for (const auto& [name, row] : rows_) {
    auto lives = LivesOf(row.policy);
    if (name == kAllInstances) {
      of_all = std::move(lives);
    } else {
      by_name[name] = std::move(lives);  // Also when it has none: those of all do not apply.
    }
  }
  // Names without lives only matter where there are some of all.
  if (of_all == nullptr) absl::erase_if(by_name, [](const auto& entry) { return entry.second == nullptr; });
  log_.type_lives().Set(std::move(of_all), std::move(by_name));
}

}  // namespace playhead::broker::retention
