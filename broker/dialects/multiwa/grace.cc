#include "broker/dialects/multiwa/grace.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "broker/log.h"

namespace playhead::broker::multiwa {

using model::Position;

namespace {

constexpr absl::string_view kPrefix = "multiwa.";

// A row is a position and a host, then kClientAcks if set, and kUsesUp with a number if there is one.
constexpr absl::string_view kClientAcks = "acks";
constexpr absl::string_view kUsesUp = "uses=";

// The row of one of the subscriptions with the same key.
std::string RowKey(const std::string& key, uint64_t number) { return absl::StrCat(key, ".", absl::Hex(number)); }

}  // namespace

Grace::Subscription::~Subscription() {
  if (!left_) grace_.OnBroken(key_, number_);
}

void Grace::Subscription::Read(const Position& read, bool is_behind) {
  if (!left_) grace_.OnRead(key_, number_, read, is_behind);
}

void Grace::Subscription::Acknowledges() {
  if (!left_) grace_.OnAcknowledges(key_, number_);
}

void Grace::Subscription::Leave() {
  if (!std::exchange(left_, true)) grace_.Forget(key_, number_);
}

void Grace::Load() {
  std::vector<std::pair<std::string, uint64_t>> loaded;
  {
    absl::MutexLock lock(&mu_);
    for (const std::string& row : sessions_.Keys(kPrefix)) {
      const std::optional<SessionRecord> record = sessions_.Get(row);
      const size_t dot = row.rfind('.');
      const std::string key = row.substr(0, dot);
      uint64_t number = 0;
      const std::vector<std::string> parts = absl::StrSplit(record ? record->value : "", ' ');
      const std::optional<Position> read = Position::Parse(parts[0]);
      if (!read || parts.size() < 2 || !absl::SimpleHexAtoi(row.substr(dot + 1), &number)) {
        sessions_.Remove(row);
        continue;
      }
      Entry& entry = entries_[key][number];
      entry.owner = record->owner;
      entry.host = parts[1];
      entry.is_broken = true;
      entry.read = *read;
      for (size_t i = 2; i < parts.size(); ++i) {
        if (parts[i] == kClientAcks) entry.client_acks = true;
        absl::string_view part = parts[i];
        if (uint64_t used = 0; absl::ConsumePrefix(&part, kUsesUp) && absl::SimpleHexAtoi(part, &used)) {
          entry.uses_up = used;
        }
      }
      last_number_ = std::max(last_number_, number);
      loaded.emplace_back(key, number);
    }
    for (const auto& [key, number] : loaded) {
      const std::optional<uint64_t> uses_up = FindEntry(key, number)->uses_up;
      Entry* const used = uses_up ? FindEntry(key, *uses_up) : nullptr;
      if (used != nullptr) used->is_used = true;
    }
  }
  for (const auto& [key, number] : loaded) ForgetLater(key, number);
}

std::optional<Grace::Start> Grace::TakeStart(const std::string& key, absl::string_view host) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  std::optional<Position> start;
  const auto consider = [&start](const Position& position) {
    if (!start || model::IsBefore(position, *start)) start = position;
  };
  Start taken;
  Entry* used = nullptr;
  for (auto& [number, entry] : found->second) {
    if (!entry.counts() || entry.is_used) continue;
    consider(entry.read);
    if (entry.host != host) continue;
    // Prefer a broken subscription to one that only seems to hang, and then the highest position, so that the lower
    // ones stay for clients that are still to return.
    if (used == nullptr || (entry.is_broken && !used->is_broken) ||
        (entry.is_broken == used->is_broken && model::IsBefore(used->read, entry.read))) {
      used = &entry;
      if (entry.is_broken) taken.uses_up = number;  // One that hangs may still be alive.
    }
  }
  if (used != nullptr) {
    used->is_used = true;
    taken.client_acks = used->client_acks;
  }
  if (!start) {
    for (const auto& [number, entry] : found->second) {
      if (entry.counts()) consider(entry.read);
    }
  }
  // A connection that hangs may not yet have been sent events that are already stored.
  for (const auto& [number, entry] : found->second) {
    if (!entry.counts() && !entry.is_used) consider(entry.read);
  }
  if (!start) return std::nullopt;
  taken.read = *start;
  return taken;
}

std::unique_ptr<Grace::Subscription> Grace::Open(const std::string& key, std::string owner, std::string host,
                                                 const Start& start) {
  uint64_t number;
  {
    absl::MutexLock lock(&mu_);
    number = ++last_number_;
  }
  Entry entry;
  entry.owner = std::move(owner);
  entry.host = std::move(host);
  entry.client_acks = start.client_acks;
  entry.uses_up = start.uses_up;
  entry.read = start.read;
  // Without the lock: a new row may take the place of another session, whose owner is told.
  if (const absl::Status status = Write(key, number, entry); !status.ok()) {
    LogWarning("multiwa_without_grace", "", status);
    return nullptr;
  }
  if (auto use = sessions_.Hold(RowKey(key, number))) entry.use = *std::move(use);
  absl::MutexLock lock(&mu_);
  entries_[key].emplace(number, std::move(entry));
  return std::make_unique<Subscription>(*this, key, number);
}

void Grace::OnRead(const std::string& key, uint64_t number, const Position& read, bool is_behind) {
  absl::MutexLock lock(&mu_);
  Entry* const entry = FindEntry(key, number);
  if (entry == nullptr) return;
  if (model::IsBefore(entry->read, read)) entry->is_used = false;  // It is alive.
  const bool goes_back = model::IsBefore(read, entry->read);
  const bool moved = entry->read != read;
  entry->read = read;
  entry->is_behind = is_behind;
  if (goes_back) {
    Write(key, number, *entry).IgnoreError();  // At once, so that a crash causes no losses.
  } else if (moved) {
    WriteLater(key, number, *entry);
  }
}

void Grace::WriteLater(const std::string& key, uint64_t number, Entry& entry) {
  const SteadyTime at = entry.written_at + absl::ToChronoNanoseconds(kWriteInterval);
  if (SteadyNow() >= at) return Write(key, number, entry).IgnoreError();  // The row exists, so there is room.
  // By a timer, since there may be no later event to trigger the write.
  if (std::exchange(entry.write_armed, true)) return;
  core_.timers.Schedule(at, [this, key, number] {
    absl::MutexLock lock(&mu_);
    Entry* const late = FindEntry(key, number);
    if (late == nullptr) return;
    late->write_armed = false;
    Write(key, number, *late).IgnoreError();
  });
}

void Grace::OnAcknowledges(const std::string& key, uint64_t number) {
  absl::MutexLock lock(&mu_);
  Entry* const entry = FindEntry(key, number);
  if (entry == nullptr) return;
  entry->client_acks = true;
  Write(key, number, *entry).IgnoreError();  // The row exists, so there is room.
}

void Grace::OnBroken(const std::string& key, uint64_t number) {
  {
    absl::MutexLock lock(&mu_);
    Entry* const entry = FindEntry(key, number);
    if (entry == nullptr) return;
    entry->is_broken = true;
    Write(key, number, *entry).IgnoreError();  // The row exists, so there is room.
    entry->use = {};
  }
  ForgetLater(key, number);
}

void Grace::ForgetLater(const std::string& key, uint64_t number) {
  core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(window_), [this, key, number] { Forget(key, number); });
}

void Grace::Forget(const std::string& key, uint64_t number) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.erase(number) == 0) return;
  if (found->second.empty()) entries_.erase(found);
  sessions_.Remove(RowKey(key, number));
}

Grace::Entry* Grace::FindEntry(const std::string& key, uint64_t number) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  const auto entry = found->second.find(number);
  return entry == found->second.end() ? nullptr : &entry->second;
}

absl::Status Grace::Write(const std::string& key, uint64_t number, Entry& entry) {
  entry.written_at = SteadyNow();
  std::string value = absl::StrCat(entry.read.ToString(), " ", entry.host);
  if (entry.client_acks) absl::StrAppend(&value, " ", kClientAcks);
  if (entry.uses_up) absl::StrAppend(&value, " ", kUsesUp, absl::Hex(*entry.uses_up));
  return sessions_.Put(RowKey(key, number), {entry.owner, entry.read.instance, std::move(value)});
}

}  // namespace playhead::broker::multiwa
