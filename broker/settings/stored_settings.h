// StoredSettings: settings of one kind, by key, on disk and in memory.
#ifndef PLAYHEAD_BROKER_SETTINGS_STORED_SETTINGS_H_
#define PLAYHEAD_BROKER_SETTINGS_STORED_SETTINGS_H_

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
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"
#include "storage/callback.h"
#include "storage/record_store.h"

namespace playhead::broker {

// At most this many instances may have a setting of their own, for each kind. Settings are held in memory; an instance
// without one costs nothing.
inline constexpr size_t kInstanceSettingsMax = 10'000;

// `Record` is the stored form of a setting, a Protocol Buffers message. A row's key is a prefix and the setting's key,
// which stands for an instance, or for all instances that have nothing of their own.
//
// Guarantees: a change is in force once it is on disk; of overlapping changes, the one that remains on disk is in
// force. After a failed write it is unknown whether the change was stored; if it was, it is in force from the next
// start on.
//
// Thread safety: all methods except Load and SetOnChange.   Blocking: none but Load.
// Ownership: borrows the records of the log, whose last callbacks end here: must outlive the log.
template <typename Record>
class StoredSettings {
 public:
  using RecordPtr = std::shared_ptr<const Record>;

  // Judges a change by the key's record that is in force, and by the one that will be when all changes in flight are
  // stored; null means none. nullopt lets the change proceed; otherwise `done` gets the status instead. Runs with the
  // lock held.
  using Judge = absl::FunctionRef<std::optional<absl::Status>(const RecordPtr& held, const RecordPtr& queued)>;

  // Loads the rows whose keys begin with `prefix`. `key_of_all` is the key that stands for all instances.
  //   DataLoss  a row is damaged.   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<StoredSettings>> Load(storage::RecordStore& records, std::string prefix,
                                                              std::string key_of_all) {
    std::unique_ptr<StoredSettings> settings(new StoredSettings(records, std::move(prefix), std::move(key_of_all)));
    const absl::Status loaded =
        ForEachRecord(records, storage::RecordSpace::kKeys, settings->prefix_, [&settings](const storage::Record& row) {
          auto record = std::make_shared<Record>();
          if (!record->ParseFromString(row.value)) {
            return MakeError(Reason::kDataLoss, absl::StrCat("the record ", row.key, " is damaged"));
          }
          absl::MutexLock lock(&settings->mu_);
          settings->rows_[row.key.substr(settings->prefix_.size())] = {record, record, 0};
          return absl::OkStatus();
        });
    if (!loaded.ok()) return loaded;
    return settings;
  }

  // Null if there is no setting.
  RecordPtr Find(absl::string_view key) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::ReaderMutexLock lock(&mu_);
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : found->second.held;
  }
  // Up to `limit` settings after the key `after`, by key.
  std::vector<std::pair<std::string, RecordPtr>> List(absl::string_view after, size_t limit) const
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::ReaderMutexLock lock(&mu_);
    std::vector<std::pair<std::string, RecordPtr>> list;
    for (auto row = rows_.upper_bound(after); row != rows_.end() && list.size() < limit; ++row) {
      if (row->second.held != nullptr) list.emplace_back(row->first, row->second.held);
    }
    return list;
  }

  // Whether the key may have a setting: it has one, or stands for all instances, or fewer than kInstanceSettingsMax
  // keys have one. A few in flight may exceed that.
  bool HasRoomFor(absl::string_view key) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::ReaderMutexLock lock(&mu_);
    if (key == key_of_all_ || rows_.contains(key)) return true;
    return rows_.size() - rows_.count(key_of_all_) < kInstanceSettingsMax;
  }
  size_t changes_on_their_way() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::ReaderMutexLock lock(&mu_);
    return on_their_way_;
  }

  // Calls `done` once the setting is durable and in force. Errors as RecordStore::Write.
  void Set(const std::string& key, Record record, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    Write(key, std::make_shared<const Record>(std::move(record)), std::move(done));
  }
  // Clears the setting; it is not an error if there is none. `done` and errors as for Set.
  void Clear(const std::string& key, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    Write(key, nullptr, std::move(done));
  }
  // Sets `record`, or clears the setting if it is null, unless `judge` refuses. `done` and errors as for Set.
  void ChangeIf(const std::string& key, RecordPtr record, Judge judge, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_) {
    std::optional<absl::Status> told;
    {
      absl::MutexLock lock(&mu_);
      const auto found = rows_.find(key);
      told = found == rows_.end() ? judge(nullptr, nullptr) : judge(found->second.held, found->second.queued);
      if (!told) return Write(key, std::move(record), std::move(done));
    }
    std::move(done)(*std::move(told));
  }

  // `on_change` is called after every change, on the thread that makes it. Set it once, before any change.
  void SetOnChange(absl::AnyInvocable<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  struct Row {
    RecordPtr held;       // In force. Null: cleared, or not set yet, while changes are in flight.
    RecordPtr queued;     // The result of the last change that was submitted to the store.
    uint64_t change = 0;  // The number of the change that `held` is from.
  };

  StoredSettings(storage::RecordStore& records, std::string prefix, std::string key_of_all)
      : records_(records), prefix_(std::move(prefix)), key_of_all_(std::move(key_of_all)) {}

  // With the lock held, so that changes are numbered in the order in which the store makes them.
  void Write(const std::string& key, RecordPtr record, storage::StatusCallback done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::optional<std::string> value;
    if (record != nullptr) value = record->SerializeAsString();
    const uint64_t change = ++changes_;
    ++on_their_way_;
    rows_[key].queued = record;
    records_.Write(
        {{storage::RecordSpace::kKeys, absl::StrCat(prefix_, key), std::move(value)}},
        [this, key, record = std::move(record), change, done = std::move(done)](absl::Status status) mutable {
          OnWritten(key, std::move(record), change, status.ok());
          std::move(done)(std::move(status));
        });
  }

  void OnWritten(const std::string& key, RecordPtr record, uint64_t change, bool stored) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      --on_their_way_;
      if (stored) {
        Row& row = rows_[key];
        if (row.change < change) {
          row.held = std::move(record);
          row.change = change;
        }
      }
      if (on_their_way_ == 0) Settle();
    }
    if (stored) on_change_();
  }

  // When nothing is in flight: forgets cleared rows, which were kept because the result of an earlier change may arrive
  // late, and the queued records of failed writes.
  void Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    absl::erase_if(rows_, [](const auto& row) { return row.second.held == nullptr; });
    for (auto& [key, row] : rows_) row.queued = row.held;
  }

  storage::RecordStore& records_;
  const std::string prefix_;
  const std::string key_of_all_;
  absl::AnyInvocable<void()> on_change_ = [] {};

  mutable absl::Mutex mu_;
  absl::btree_map<std::string, Row> rows_ ABSL_GUARDED_BY(mu_);
  uint64_t changes_ ABSL_GUARDED_BY(mu_) = 0;
  size_t on_their_way_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SETTINGS_STORED_SETTINGS_H_
