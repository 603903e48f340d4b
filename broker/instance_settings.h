// InstanceSettings: what is set of one kind for single instances, and for all that have nothing of their own, on disk
// and in memory.
#ifndef PLAYHEAD_BROKER_INSTANCE_SETTINGS_H_
#define PLAYHEAD_BROKER_INSTANCE_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/stored_records.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"
#include "storage/record_store.h"

namespace playhead::broker {

// As services and stores name all instances that have nothing of their own.
inline constexpr absl::string_view kAllInstances = "*";

// So many instances have something of their own, of each kind. They are in memory; one without costs nothing.
inline constexpr size_t kInstanceSettingsMax = 10'000;

// `Record` is the stored form of a setting (proto/playhead/store/v1). Its `instance_number` says whose it is: a later
// instance of the same name does not have it. The rows' keys are a prefix and the name, or kAllInstances.
//
// Guarantees: a change holds once it is on disk; of changes that overlap, the one holds that is on disk. One whose
// write failed, stored or not, holds from the next start on, or not at all.
//
// Thread safety: all methods but Load and SetOnChange.   Blocking: none but Load.
// Ownership: borrows the records of the log, whose last callbacks end here: must outlive the log.
template <typename Record>
class InstanceSettings {
 public:
  // Of the rows that begin with `prefix`. `what` is what an instance has, for messages: "a retention policy".
  //   DataLoss  a row is damaged.   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<InstanceSettings>> Load(storage::RecordStore& records, std::string prefix,
                                                                std::string what) {
    std::unique_ptr<InstanceSettings> settings(new InstanceSettings(records, std::move(prefix), std::move(what)));
    const absl::Status loaded =
        ForEachRecord(records, storage::RecordSpace::kKeys, settings->prefix_, [&settings](const storage::Record& row) {
          Record record;
          if (!record.ParseFromString(row.value)) {
            return MakeError(Reason::kDataLoss, absl::StrCat("the record ", row.key, " is damaged"));
          }
          absl::MutexLock lock(&settings->mu_);
          const uint64_t number = record.instance_number();
          settings->rows_[row.key.substr(settings->prefix_.size())] = {std::move(record), 0, number};
          return absl::OkStatus();
        });
    if (!loaded.ok()) return loaded;
    return settings;
  }

  // What is set for all instances that have nothing of their own.
  std::optional<Record> OfAll() const { return Own(kAllInstances, storage::InstanceNumber()); }
  // What is set for the instance itself.
  std::optional<Record> Own(absl::string_view name, storage::InstanceNumber number) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto found = rows_.find(name);
    if (found == rows_.end() || !IsOf(found->second, number)) return std::nullopt;
    return found->second.record;
  }
  // What applies to the instance: its own, else that of all. The broker's own instances only go by their own.
  std::optional<Record> Effective(absl::string_view name, storage::InstanceNumber number) const {
    auto own = Own(name, number);
    return own || storage::IsOwnInstance(name) ? own : OfAll();
  }
  // All that is set, by name; kAllInstances is one of the names.
  std::vector<std::pair<std::string, Record>> All() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::vector<std::pair<std::string, Record>> all;
    for (const auto& [name, row] : rows_) {
      if (row.record) all.emplace_back(name, *row.record);
    }
    return all;
  }
  // The instances that have something of their own, by name.
  std::vector<std::string> Names() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::vector<std::string> names;
    for (const auto& [name, row] : rows_) {
      if (row.record && name != kAllInstances) names.push_back(name);
    }
    return names;
  }

  // The same, each with the number for which that was set.
  std::vector<std::pair<std::string, storage::InstanceNumber>> Instances() const ABSL_LOCKS_EXCLUDED(mu_) {
    std::vector<std::pair<std::string, storage::InstanceNumber>> instances;
    for (auto& [name, record] : All()) {
      if (name != kAllInstances) instances.emplace_back(std::move(name), record.instance_number());
    }
    return instances;
  }

  // `name` is an instance, and `number` its own; or kAllInstances with no number. `done` once it is durable and holds.
  //   ResourceExhausted  KEYS_LIMIT: kInstanceSettingsMax have one.
  //   NotFound           INSTANCE_DELETED: a later instance of the same name has one.
  //   and as RecordStore::Write.
  void Set(const std::string& name, storage::InstanceNumber number, Record record, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_) {
    if (!HasRoomFor(name)) {
      return std::move(done)(
          MakeError(Reason::kKeysLimit, absl::StrCat(kInstanceSettingsMax, " instances have ", what_,
                                                     " of their own: clear one, or set what all have that have none")));
    }
    record.set_instance_number(number.value());
    {
      absl::MutexLock lock(&mu_);
      if (number.value() >= rows_[name].queued) return Write(name, std::move(record), std::move(done));
    }
    std::move(done)(MakeError(Reason::kInstanceDeleted, "it was deleted meanwhile"));
  }
  // It is no error if there is nothing to clear.
  void Clear(const std::string& name, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    Write(name, std::nullopt, std::move(done));
  }
  // Clears what was set for an instance that is deleted. By now its name may be another's, whose own stays.
  void ClearOf(const std::string& name, storage::InstanceNumber number, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      const auto found = rows_.find(name);
      // What is on its way counts: a later instance's own may be.
      const uint64_t queued = found == rows_.end() ? 0 : found->second.queued;
      const bool is_being_cleared = queued == 0 && found != rows_.end() && IsOf(found->second, number);
      if (queued == number.value() || is_being_cleared) return Write(name, std::nullopt, std::move(done));
    }
    std::move(done)(absl::OkStatus());
  }

  // Called after every change, on the thread that makes it. Set once, before any.
  void SetOnChange(absl::AnyInvocable<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  struct Row {
    std::optional<Record> record;  // nullopt: cleared, or not set yet, while changes are on their way.
    uint64_t change = 0;           // The last that was taken up.
    uint64_t queued = 0;           // The instance's number in the last that was given to the store; 0: it clears.
  };

  InstanceSettings(storage::RecordStore& records, std::string prefix, std::string what)
      : records_(records), prefix_(std::move(prefix)), what_(std::move(what)) {}

  static bool IsOf(const Row& row, storage::InstanceNumber number) {
    return row.record && row.record->instance_number() == number.value();
  }

  // A few that are on their way do not matter.
  bool HasRoomFor(absl::string_view name) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (name == kAllInstances || rows_.contains(name)) return true;
    return rows_.size() - rows_.count(kAllInstances) < kInstanceSettingsMax;
  }

  // Under the lock, so that changes are numbered in the order in which the store makes them.
  void Write(const std::string& name, std::optional<Record> record, storage::StatusCallback done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::optional<std::string> value;
    if (record) value = record->SerializeAsString();
    const uint64_t change = ++changes_;
    ++on_their_way_;
    rows_[name].queued = record ? record->instance_number() : 0;
    records_.Write(
        {{storage::RecordSpace::kKeys, absl::StrCat(prefix_, name), std::move(value)}},
        [this, name, record = std::move(record), change, done = std::move(done)](absl::Status status) mutable {
          OnWritten(name, std::move(record), change, status.ok());
          std::move(done)(std::move(status));
        });
  }

  void OnWritten(const std::string& name, std::optional<Record> record, uint64_t change, bool stored)
      ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      --on_their_way_;
      if (stored) {
        Row& row = rows_[name];
        if (row.change < change) {
          row.record = std::move(record);
          row.change = change;
        }
      }
      if (on_their_way_ == 0) Settle();
    }
    if (stored) on_change_();
  }

  // When nothing is on its way. What was cleared is remembered until then, for an earlier change may still be told; and
  // of a write that failed nothing is queued any more.
  void Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    absl::erase_if(rows_, [](const auto& row) { return !row.second.record; });
    for (auto& [name, row] : rows_) row.queued = row.record->instance_number();
  }

  storage::RecordStore& records_;
  const std::string prefix_;
  const std::string what_;
  absl::AnyInvocable<void()> on_change_ = [] {};

  mutable absl::Mutex mu_;
  absl::btree_map<std::string, Row> rows_ ABSL_GUARDED_BY(mu_);
  uint64_t changes_ ABSL_GUARDED_BY(mu_) = 0;
  size_t on_their_way_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_INSTANCE_SETTINGS_H_
