#include "broker/retention/policy_store.h"

#include "absl/container/flat_hash_map.h"

namespace playhead::broker::retention {

using store::v1::RetentionRecord;

absl::StatusOr<std::unique_ptr<PolicyStore>> PolicyStore::Load(storage::EventLog& log) {
  auto settings = Settings::Load(log.records(), "retention/", "a retention policy");
  if (!settings.ok()) return settings.status();
  return std::unique_ptr<PolicyStore>(new PolicyStore(log, *std::move(settings)));
}

PolicyStore::PolicyStore(storage::EventLog& log, std::unique_ptr<Settings> settings)
    : log_(log), settings_(std::move(settings)) {
  settings_->SetOnChange([this] {
    PublishLives();
    on_change_();
  });
  PublishLives();
}

std::optional<Policy> PolicyStore::PolicyOf(std::optional<RetentionRecord> record) {
  if (!record) return std::nullopt;
  return std::move(*record->mutable_policy());
}

void PolicyStore::Set(const std::string& name, storage::InstanceNumber number, Policy policy,
                      storage::StatusCallback done) {
  RetentionRecord record;
  *record.mutable_policy() = std::move(policy);
  settings_->SetWhileItExists(log_, name, number, std::move(record), std::move(done));
}

void PolicyStore::PublishLives() {
  absl::MutexLock lock(&publishing_mu_);
  storage::TypeLifeTable::Lives of_all;
  absl::flat_hash_map<std::string, storage::TypeLifeTable::Lives> by_name;
  for (const auto& [name, record] : settings_->All()) {
    auto lives = LivesOf(record->policy());
    if (name == kAllInstances) {
      of_all = std::move(lives);
    } else {
      by_name[name] = std::move(lives);  // Even if empty: then the lives for all do not apply.
    }
  }
  // Names without lives matter only if there are lives for all.
  if (of_all == nullptr) absl::erase_if(by_name, [](const auto& entry) { return entry.second == nullptr; });
  log_.type_lives().Set(std::move(of_all), std::move(by_name));
}

}  // namespace playhead::broker::retention
