// PolicyStore: the retention policies that are set, on disk and in memory.
#ifndef PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_
#define PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/retention/policy.h"
#include "broker/settings/instance_settings.h"
#include "playhead/store/v1/retention_record.pb.h"
#include "storage/event_log.h"

namespace playhead::broker::retention {

// Thread safety: all methods but Load.   Blocking: none but Load.   Ownership: borrows the log, whose last callbacks
// end here: must outlive it.
class PolicyStore {
 public:
  // DataLoss: a row is damaged; without it, events that it keeps might be removed. Unavailable: as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<PolicyStore>> Load(storage::EventLog& log);

  // The policy for all instances without one of their own.
  std::optional<Policy> OfAll() const { return PolicyOf(settings_->OfAll()); }
  // The instance's own policy.
  std::optional<Policy> Own(absl::string_view name, storage::InstanceNumber number) const {
    return PolicyOf(settings_->Own(name, number));
  }
  // The policy in force for the instance.
  std::optional<Policy> Effective(absl::string_view name, storage::InstanceNumber number) const {
    return PolicyOf(settings_->Effective(name, number));
  }
  // The instances that have their own policy, by name.
  std::vector<std::string> Names() const { return settings_->Names(); }

  // As in InstanceSettings.
  void Set(const std::string& name, storage::InstanceNumber number, Policy policy, storage::StatusCallback done);
  void Clear(const std::string& name, storage::StatusCallback done) { settings_->Clear(name, std::move(done)); }
  void ClearOf(const std::string& name, storage::InstanceNumber number, storage::StatusCallback done) {
    settings_->ClearOf(name, number, std::move(done));
  }
  // Call it after SetOnChange.
  void ClearLeftOver() { settings_->ClearLeftOver(log_); }

  // Sets a callback for every change, run on the thread that makes it. Set once, before any change.
  void SetOnChange(absl::AnyInvocable<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  using Settings = InstanceSettings<store::v1::RetentionRecord>;

  PolicyStore(storage::EventLog& log, std::unique_ptr<Settings> settings);
  static std::optional<Policy> PolicyOf(std::optional<store::v1::RetentionRecord> record);
  // Passes the lives of types to the log.
  void PublishLives() ABSL_LOCKS_EXCLUDED(publishing_mu_);

  storage::EventLog& log_;
  const std::unique_ptr<Settings> settings_;
  absl::AnyInvocable<void()> on_change_ = [] {};
  absl::Mutex publishing_mu_;  // Held from reading the settings until they are published, so that the last read wins.
};

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_
