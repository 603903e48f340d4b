#include "broker/sessions/session_store.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "broker/log.h"
#include "broker/settings/stored_records.h"
#include "playhead/store/v1/session_record.pb.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;

namespace {

constexpr absl::string_view kRowPrefix = "session/";

// How many rows one write has at most. With the longest values they stay within the limits of a write.
constexpr size_t kRowsPerWrite = 200;

SteadyTime In(absl::Duration duration) { return SteadyNow() + absl::ToChronoNanoseconds(duration); }

}  // namespace

SessionStore::Use& SessionStore::Use::operator=(Use&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  store_ = std::exchange(other.store_, nullptr);
  key_ = std::move(other.key_);
  return *this;
}

void SessionStore::Use::Reset() {
  if (SessionStore* const store = std::exchange(store_, nullptr)) store->Release(key_);
}

absl::StatusOr<std::unique_ptr<SessionStore>> SessionStore::Load(const Core& core, const SessionLimits& limits) {
  std::unique_ptr<SessionStore> store(new SessionStore(core, limits));
  if (absl::Status status = store->LoadAll(); !status.ok()) return status;
  store->ArmExpiry();
  return store;
}

absl::Status SessionStore::LoadAll() {
  return ForEachRecord(core_.log.records(), RecordSpace::kConsumers, kRowPrefix, [this](const Record& row) {
    store::v1::SessionRecord stored;
    if (!stored.ParseFromString(row.value)) {
      return MakeError(Reason::kDataLoss, absl::StrCat("the stored row ", row.key, " is damaged"));
    }
    Entry entry;
    entry.record.owner = stored.owner();
    entry.record.instance = storage::InstanceNumber(stored.instance());
    entry.record.value = stored.value();
    entry.used_at = entry.written_used_at = absl::FromUnixMicros(stored.used_at());
    const std::string key = row.key.substr(kRowPrefix.size());
    absl::MutexLock lock(&mu_);
    ++owners_[entry.record.owner];
    unused_.emplace(entry.used_at, key);
    entries_.emplace(key, std::move(entry));
    return absl::OkStatus();
  });
}

void SessionStore::SetOnRemoved(std::string prefix, OnRemoved on_removed) {
  on_removed_.emplace_back(std::move(prefix), std::move(on_removed));
}

std::optional<SessionRecord> SessionStore::Get(absl::string_view key) const {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second.record;
}

std::vector<std::string> SessionStore::Keys(absl::string_view prefix) const {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> keys;
  for (auto entry = entries_.lower_bound(prefix); entry != entries_.end() && absl::StartsWith(entry->first, prefix);
       ++entry) {
    keys.push_back(entry->first);
  }
  return keys;
}

absl::Status SessionStore::Put(const std::string& key, SessionRecord record) {
  if (key.empty() || key.size() > kSessionKeyBytesMax || record.value.size() > kSessionValueBytesMax) {
    return MakeError(Reason::kMalformedRequest, absl::StrCat("a session's key has up to ", kSessionKeyBytesMax,
                                                             " bytes, and its value ", kSessionValueBytesMax));
  }
  std::vector<std::string> removed;
  {
    absl::ReleasableMutexLock lock(&mu_);
    auto entry = entries_.find(key);
    const bool is_new = entry == entries_.end();
    const bool has_place = !is_new && entry->second.record.owner == record.owner;
    if (!has_place && !MakeRoom(record.owner, is_new, removed)) {
      lock.Release();
      return MakeError(Reason::kStreamsLimit,
                       absl::StrCat("all sessions that a key may have (", limits_.sessions_per_owner_max,
                                    "), or the broker (", limits_.sessions_max, "), are in use"));
    }
    entry = entries_.find(key);  // MakeRoom may have erased others, which invalidates iterators.
    if (is_new) {
      entry = entries_.emplace(key, Entry()).first;
      entry->second.used_at = Now();
      unused_.emplace(entry->second.used_at, key);
      ++owners_[record.owner];
      MarkDirty(key);
    } else if (entry->second.record != record) {
      if (--owners_[entry->second.record.owner] == 0) owners_.erase(entry->second.record.owner);
      ++owners_[record.owner];
      MarkDirty(key);
    }
    entry->second.record = std::move(record);
    Touch(entry);
  }
  TellRemoved(removed);
  return absl::OkStatus();
}

std::optional<SessionStore::Use> SessionStore::Hold(const std::string& key) {
  absl::MutexLock lock(&mu_);
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return std::nullopt;
  if (entry->second.uses++ == 0) unused_.erase({entry->second.used_at, key});
  Touch(entry);
  return Use(this, key);
}

void SessionStore::Release(const std::string& key) {
  absl::MutexLock lock(&mu_);
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || entry->second.uses == 0) return;  // It was removed in the meantime.
  Touch(entry);
  if (--entry->second.uses == 0) unused_.emplace(entry->second.used_at, key);
}

void SessionStore::Remove(const std::string& key) {
  absl::MutexLock lock(&mu_);
  if (const auto entry = entries_.find(key); entry != entries_.end()) Erase(entry);
}

void SessionStore::OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    std::vector<std::string> of_it;
    for (const auto& [key, entry] : entries_) {
      if (entry.record.instance == instance->number()) of_it.push_back(key);
    }
    for (const std::string& key : of_it) Erase(entries_.find(key));
  }
  Flush(std::move(done));
}

size_t SessionStore::size() const {
  absl::MutexLock lock(&mu_);
  return entries_.size();
}

void SessionStore::Touch(Entries::iterator entry) {
  const absl::Time now = std::max(Now(), entry->second.used_at);
  if (entry->second.uses == 0) {
    unused_.erase({entry->second.used_at, entry->first});
    unused_.emplace(now, entry->first);
  }
  entry->second.used_at = now;
  if (now - entry->second.written_used_at >= kSessionUseWriteInterval) MarkDirty(entry->first);
}

bool SessionStore::MakeRoom(const std::string& owner, bool is_new, std::vector<std::string>& removed) {
  const auto remove_oldest = [&](absl::string_view of, bool of_any) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    for (const auto& [used_at, key] : unused_) {
      const auto entry = entries_.find(key);
      if (!of_any && entry->second.record.owner != of) continue;
      removed.push_back(key);
      Erase(entry);
      return true;
    }
    return false;
  };
  const auto of_owner = owners_.find(owner);
  if (of_owner != owners_.end() && of_owner->second >= limits_.sessions_per_owner_max && !remove_oldest(owner, false)) {
    return false;
  }
  return !is_new || entries_.size() < limits_.sessions_max || remove_oldest("", true);
}

void SessionStore::Erase(Entries::iterator entry) {
  if (entry->second.uses == 0) unused_.erase({entry->second.used_at, entry->first});
  if (--owners_[entry->second.record.owner] == 0) owners_.erase(entry->second.record.owner);
  MarkDirty(entry->first);
  entries_.erase(entry);
}

void SessionStore::RemoveExpired() {
  std::vector<std::string> removed;
  {
    absl::MutexLock lock(&mu_);
    if (stopped_) return;
    const auto steady = SteadyNow().time_since_epoch();
    const absl::Time expired = age_clock_.Now(Now(), absl::FromChrono(steady)) - limits_.expiry;
    while (!unused_.empty() && unused_.begin()->first < expired) {
      removed.push_back(unused_.begin()->second);
      Erase(entries_.find(removed.back()));
    }
  }
  TellRemoved(removed);
  ArmExpiry();
}

void SessionStore::TellRemoved(const std::vector<std::string>& keys) const {
  if (keys.empty()) return;
  core_.metrics.removed_sessions.Increment(static_cast<double>(keys.size()));
  for (const std::string& key : keys) {
    Log().info("event=session_removed session={}", key);
    for (const auto& [prefix, on_removed] : on_removed_) {
      if (absl::StartsWith(key, prefix)) on_removed(key);
    }
  }
}

void SessionStore::ArmExpiry() {
  core_.timers.Schedule(In(limits_.expiry_interval), [this] { RemoveExpired(); });
}

void SessionStore::MarkDirty(const std::string& key) {
  dirty_.insert(key);
  ArmWrite();
}

void SessionStore::ArmWrite() {
  if (std::exchange(write_armed_, true)) return;
  core_.timers.Schedule(In(kSessionWriteInterval), [this] {
    {
      absl::MutexLock lock(&mu_);
      write_armed_ = false;
    }
    StartWrite();
  });
}

void SessionStore::Flush(storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    waiting_.push_back(std::move(done));
  }
  StartWrite();
}

void SessionStore::Stop(absl::Time deadline) {
  const auto written = std::make_shared<absl::Notification>();
  Flush([written](absl::Status) { written->Notify(); });
  written->WaitForNotificationWithDeadline(deadline);
  absl::MutexLock lock(&mu_);
  stopped_ = true;
}

void SessionStore::StartWrite() {
  std::vector<storage::StatusCallback> answered;
  std::vector<std::string> keys;
  std::vector<RecordChange> rows;
  {
    absl::MutexLock lock(&mu_);
    if (writing_) return;
    if (dirty_.empty() || stopped_) answered.swap(waiting_);
    while (!stopped_ && !dirty_.empty() && keys.size() < kRowsPerWrite) {
      keys.push_back(*dirty_.begin());
      dirty_.erase(dirty_.begin());
      rows.push_back(RowOf(keys.back()));
    }
    writing_ = !keys.empty();
  }
  for (storage::StatusCallback& done : answered) std::move(done)(absl::OkStatus());
  if (rows.empty()) return;
  core_.log.records().Write(std::move(rows), [this, keys = std::move(keys)](absl::Status status) mutable {
    OnWritten(std::move(keys), status);
  });
}

void SessionStore::OnWritten(std::vector<std::string> keys, const absl::Status& status) {
  std::vector<storage::StatusCallback> failed;
  bool go_on = false;
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    if (!status.ok()) {
      dirty_.insert(keys.begin(), keys.end());
      failed.swap(waiting_);
      if (!stopped_) ArmWrite();
    } else {
      go_on = !waiting_.empty();
      if (!dirty_.empty()) ArmWrite();
    }
  }
  if (!status.ok()) LogWarning("session_write_failed", "", status);
  for (storage::StatusCallback& done : failed) std::move(done)(status);
  if (go_on) StartWrite();
}

RecordChange SessionStore::RowOf(const std::string& key) {
  RecordChange change{RecordSpace::kConsumers, absl::StrCat(kRowPrefix, key), std::nullopt};
  const auto found = entries_.find(key);
  if (found == entries_.end()) return change;
  Entry& entry = found->second;
  entry.written_used_at = entry.used_at;
  store::v1::SessionRecord stored;
  stored.set_owner(entry.record.owner);
  stored.set_instance(entry.record.instance.value());
  stored.set_used_at(absl::ToUnixMicros(entry.used_at));
  stored.set_value(entry.record.value);
  change.value = stored.SerializeAsString();
  return change;
}

}  // namespace playhead::broker
