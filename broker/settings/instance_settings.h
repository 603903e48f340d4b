// InstanceSettings: settings of one kind, for single instances and for all that have none of their own.
#ifndef PLAYHEAD_BROKER_SETTINGS_INSTANCE_SETTINGS_H_
#define PLAYHEAD_BROKER_SETTINGS_INSTANCE_SETTINGS_H_

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/settings/stored_settings.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"
#include "storage/record_store.h"

namespace playhead::broker {

// The name that services and stores use for all instances that have nothing of their own.
inline constexpr absl::string_view kAllInstances = "*";

// Settings that are deleted with their instances. `instance_number` in `Record` (proto/playhead/store/v1) says which
// instance a setting belongs to: a later instance of the same name does not inherit it. A row's key is a prefix
// followed by the name, or by kAllInstances.
//
// Guarantees, thread safety, blocking and ownership are those of StoredSettings.
template <typename Record>
class InstanceSettings {
 public:
  // Loads the rows whose keys begin with `prefix`. `what` is what an instance has, for messages: "a retention policy".
  //   DataLoss  a row is damaged.   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<InstanceSettings>> Load(storage::RecordStore& records, std::string prefix,
                                                                std::string what) {
    auto stored = Stored::Load(records, std::move(prefix), std::string(kAllInstances));
    if (!stored.ok()) return stored.status();
    return std::unique_ptr<InstanceSettings>(new InstanceSettings(*std::move(stored), std::move(what)));
  }

  // The setting for all instances that have nothing of their own.
  std::optional<Record> OfAll() const { return Own(kAllInstances, storage::InstanceNumber()); }
  // The instance's own setting.
  std::optional<Record> Own(absl::string_view name, storage::InstanceNumber number) const {
    const auto record = stored_->Find(name);
    if (!IsOf(record, number)) return std::nullopt;
    return *record;
  }
  // The setting that applies to the instance: its own, else that for all. The broker's own instances only have their
  // own.
  std::optional<Record> Effective(absl::string_view name, storage::InstanceNumber number) const {
    auto own = Own(name, number);
    return own || storage::IsOwnInstance(name) ? own : OfAll();
  }
  // All settings, by name; kAllInstances is one of the names.
  std::vector<std::pair<std::string, std::shared_ptr<const Record>>> All() const {
    return stored_->List("", std::numeric_limits<size_t>::max());
  }
  // The instances that have something of their own, by name.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (auto& [name, record] : All()) {
      if (name != kAllInstances) names.push_back(std::move(name));
    }
    return names;
  }

  // `name` is an instance with `number`; or kAllInstances without a number. Calls `done` once the setting is durable
  // and in force.
  //   ResourceExhausted  KEYS_LIMIT: kInstanceSettingsMax have one.
  //   NotFound           INSTANCE_DELETED: a later instance of the same name has one.
  //   and as RecordStore::Write.
  void Set(const std::string& name, storage::InstanceNumber number, Record record, storage::StatusCallback done) {
    if (!stored_->HasRoomFor(name)) {
      return std::move(done)(
          MakeError(Reason::kKeysLimit, absl::StrCat(kInstanceSettingsMax, " instances have ", what_,
                                                     " of their own: clear one, or set what all have that have none")));
    }
    record.set_instance_number(number.value());
    const auto judge = [number](const RecordPtr&, const RecordPtr& queued) -> std::optional<absl::Status> {
      if (queued == nullptr || queued->instance_number() <= number.value()) return std::nullopt;
      return MakeError(Reason::kInstanceDeleted, "it was deleted meanwhile");
    };
    stored_->ChangeIf(name, std::make_shared<const Record>(std::move(record)), judge, std::move(done));
  }
  // It is no error if there is nothing to clear.
  void Clear(const std::string& name, storage::StatusCallback done) { stored_->Clear(name, std::move(done)); }
  // As Set, but clears the setting again if the instance was deleted in the meantime, since the deletion may have found
  // nothing to clear. `log` is the one that holds these records.
  //   NotFound  INSTANCE_NOT_FOUND or INSTANCE_DELETED.
  //   Others    as Set.
  void SetWhileItExists(storage::EventLog& log, const std::string& name, storage::InstanceNumber number, Record record,
                        storage::StatusCallback done) {
    Set(name, number, std::move(record),
        [this, &log, name, number, done = std::move(done)](absl::Status status) mutable {
          if (!status.ok() || name == kAllInstances) return std::move(done)(std::move(status));
          log.GetInstance(
              name, [this, name, number, done = std::move(done)](absl::StatusOr<storage::InstanceInfo> info) mutable {
                if (IsGone(info, number)) ClearOf(name, number, [](const absl::Status&) {});
                if (!info.ok() || info->number == number) return std::move(done)(info.status());
                std::move(done)(MakeError(Reason::kInstanceDeleted, "it was deleted meanwhile"));
              });
        });
  }
  // Clears the setting of a deleted instance. If its name belongs to another instance by now, that instance's setting
  // stays.
  void ClearOf(const std::string& name, storage::InstanceNumber number, storage::StatusCallback done) {
    // The queued record decides: it may be a later instance's. If the record is already being cleared, this clears it
    // again, so that `done` waits for that.
    const auto judge = [number](const RecordPtr& held, const RecordPtr& queued) -> std::optional<absl::Status> {
      if (IsOf(queued == nullptr ? held : queued, number)) return std::nullopt;
      return absl::OkStatus();
    };
    stored_->ChangeIf(name, nullptr, judge, std::move(done));
  }
  // Clears, in the background, the settings of instances that no longer exist: a change that was in flight when its
  // instance was deleted leaves one behind if the broker ends before it is cleared. Called once at each start; what
  // fails waits for the next start. `log` is the one that holds these records.
  void ClearLeftOver(storage::EventLog& log) { LookAtNext(log, std::make_shared<std::vector<std::string>>(Names())); }

  // `on_change` is called after every change, on the thread that makes it. Set it once, before any change.
  void SetOnChange(absl::AnyInvocable<void()> on_change) { stored_->SetOnChange(std::move(on_change)); }

 private:
  using Stored = StoredSettings<Record>;
  using RecordPtr = typename Stored::RecordPtr;

  InstanceSettings(std::unique_ptr<Stored> stored, std::string what)
      : stored_(std::move(stored)), what_(std::move(what)) {}

  static bool IsOf(const RecordPtr& record, storage::InstanceNumber number) {
    return record != nullptr && record->instance_number() == number.value();
  }

  // Whether `info` says that the instance of this name no longer has this number.
  static bool IsGone(const absl::StatusOr<storage::InstanceInfo>& info, storage::InstanceNumber number) {
    return info.ok() ? info->number != number : HasReason(info.status(), Reason::kInstanceNotFound);
  }

  // Handles the last of `names`, then the others, one by one.
  void LookAtNext(storage::EventLog& log, std::shared_ptr<std::vector<std::string>> names) {
    std::string name;
    RecordPtr record;
    while (record == nullptr) {
      if (names->empty()) return;
      name = std::move(names->back());
      names->pop_back();
      record = stored_->Find(name);
    }
    const storage::InstanceNumber number(record->instance_number());
    log.GetInstance(
        name, [this, &log, names = std::move(names), name, number](absl::StatusOr<storage::InstanceInfo> info) mutable {
          if (HasReason(info.status(), Reason::kShuttingDown)) return;
          if (IsGone(info, number)) ClearOf(name, number, [](const absl::Status&) {});
          LookAtNext(log, std::move(names));
        });
  }

  const std::unique_ptr<Stored> stored_;
  const std::string what_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SETTINGS_INSTANCE_SETTINGS_H_
