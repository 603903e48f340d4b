#include "tests/simulation/oracle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/event_name.h"
#include "tests/simulation/rules.h"

namespace playhead::storage {
namespace {

// One broken rule is often followed by many more.
constexpr size_t kViolationsMax = 20;

}  // namespace

void Oracle::OnSubmitted(const std::string& instance, const std::vector<TestEvent>& events) {
  absl::MutexLock lock(&mu_);
  const uint64_t at = ++ledger_.now;
  for (const TestEvent& event : events) {
    ledger_.logs[instance].submitted.emplace(*ReadName(event.data), Ledger::Submitted{event, at});
  }
}

void Oracle::OnAppended(const std::string& instance, const std::vector<TestEvent>& events, const AppendResult& result) {
  absl::MutexLock lock(&mu_);
  const uint64_t at = ++ledger_.now;
  Ledger::Log& log = ledger_.logs[instance];
  Cursor next_new = result.first_new;
  for (uint32_t i = 0; i < events.size(); ++i) {
    const bool duplicate = result.is_duplicate(i);
    const Cursor cursor = duplicate ? result.duplicates_at[i] : next_new;
    if (!duplicate) next_new = next_new + 1;
    const auto [known, is_new] = log.known.emplace(cursor.value(), events[i].data);
    if (known->second != events[i].data) {
      Note(absl::StrCat(instance, "/", cursor.value(), " was given to two events"));
    }
    // Its life has ended: nothing of it is owed any more.
    if (log.deleting || ReadName(events[i].data)->life != log.life) continue;
    acknowledged_ += log.acknowledged.emplace(cursor.value(), at).second ? 1 : 0;
  }
}

void Oracle::OnRefused(const std::string& instance, const std::vector<TestEvent>& events) {
  absl::MutexLock lock(&mu_);
  for (const TestEvent& event : events) ledger_.logs[instance].submitted.erase(*ReadName(event.data));
}

void Oracle::OnShown(const std::string& instance, uint64_t life, absl::Span<const Cursor> cursors) {
  absl::MutexLock lock(&mu_);
  const uint64_t at = ++ledger_.now;
  Ledger::Log& log = ledger_.logs[instance];
  if (log.deleting || log.life != life) return;
  for (const Cursor cursor : cursors) {
    if (cursor != Cursor()) log.shown.emplace(cursor.value(), at);
  }
}

void Oracle::OnTrimming(const std::string& instance, Cursor first_kept) {
  absl::MutexLock lock(&mu_);
  Ledger::Log& log = ledger_.logs[instance];
  log.may_be_trimmed = std::max(log.may_be_trimmed, first_kept.value());
}

void Oracle::OnTrimmed(const std::string& instance, Cursor first_kept) {
  absl::MutexLock lock(&mu_);
  ledger_.logs[instance].trimmed.emplace(++ledger_.now, first_kept.value());
}

void Oracle::OnErasing(const std::string& instance, Cursor cursor) {
  absl::MutexLock lock(&mu_);
  ledger_.logs[instance].erasing.insert(cursor.value());
}

void Oracle::OnErased(const std::string& instance, Cursor cursor) {
  absl::MutexLock lock(&mu_);
  ledger_.logs[instance].erased.emplace(cursor.value(), ++ledger_.now);
}

void Oracle::OnDeleting(const std::string& instance) {
  absl::MutexLock lock(&mu_);
  ledger_.logs[instance].deleting = true;
}

void Oracle::OnDeleted(const std::string& instance) {
  absl::MutexLock lock(&mu_);
  Ledger::Log& log = ledger_.logs[instance];
  Ledger::Log next;
  next.life = log.life + 1;
  next.since = ++ledger_.now;
  next.known = std::move(log.known);
  log = std::move(next);
}

void Oracle::OnRecordWriting(const std::string& key, uint64_t value) {
  absl::MutexLock lock(&mu_);
  ledger_.records[key].asked = value;
}

void Oracle::OnRecordWritten(const std::string& key, uint64_t value) {
  absl::MutexLock lock(&mu_);
  Ledger::RecordValue& record = ledger_.records[key];
  record.acknowledged = std::max(record.acknowledged, value);
}

Moment Oracle::Now() const {
  absl::MutexLock lock(&mu_);
  Moment moment{.at = ledger_.now};
  for (const auto& [key, record] : ledger_.records) {
    if (record.acknowledged > 0) moment.records[key] = record.acknowledged;
  }
  return moment;
}

Ledger Oracle::Copy() const {
  absl::MutexLock lock(&mu_);
  return ledger_;
}

std::optional<uint64_t> Oracle::LifeOf(const std::string& instance) const {
  absl::MutexLock lock(&mu_);
  const auto log = ledger_.logs.find(instance);
  if (log == ledger_.logs.end()) return 0;
  return log->second.deleting ? std::nullopt : std::make_optional(log->second.life);
}

Moment Oracle::BeginningOf(const std::string& instance) const {
  absl::MutexLock lock(&mu_);
  const auto log = ledger_.logs.find(instance);
  return {.at = log == ledger_.logs.end() ? 0 : log->second.since};
}

bool Oracle::AnyDeletedSince(const Moment& moment) const {
  absl::MutexLock lock(&mu_);
  return std::any_of(ledger_.logs.begin(), ledger_.logs.end(),
                     [&](const auto& log) { return log.second.since > moment.at; });
}

void Oracle::Judge(const Moment& moment, const std::string& instance,
                   absl::FunctionRef<void(Ledger::Log&, std::vector<std::string>&)> check) {
  absl::MutexLock lock(&mu_);
  Ledger::Log& log = ledger_.logs[instance];
  if (!log.CanBeJudged(moment.at)) return;
  std::vector<std::string> broken;
  check(log, broken);
  for (std::string& what : broken) Note(std::move(what));
}

void Oracle::CheckWhole(const Moment& moment, const std::string& instance, const Recovered& found) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckWhole(log, moment.at, instance, found, broken); });
}

void Oracle::CheckBytes(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckBytes(log, moment.at, instance, events, broken); });
}

void Oracle::CheckGiven(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events,
                        Place& place) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckGiven(log, moment.at, instance, events, place, broken); });
}

void Oracle::CheckGone(const Moment& moment, const std::string& instance, Cursor after, Cursor last, Place& place) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckGone(log, instance, after, last, place, broken); });
}

void Oracle::CheckCaughtUp(const Moment& moment, const std::string& instance, const Place& place) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckCaughtUp(log, moment.at, instance, place, broken); });
}

void Oracle::CheckStoreOrder(const Moment& moment, const std::string& instance, const std::vector<TestEvent>& events,
                             StoreOrder& order) {
  Judge(moment, instance,
        [&](Ledger::Log& log, auto& broken) { storage::CheckStoreOrder(log, instance, events, order, broken); });
}

void Oracle::CheckRecords(const Moment& moment, const std::map<std::string, uint64_t>& found) {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> broken;
  CheckRecordValues(ledger_, moment, found, broken);
  for (std::string& what : broken) Note(std::move(what));
}

void Oracle::NoteForgotten(const std::string& instance, Place& place) const {
  absl::MutexLock lock(&mu_);
  const auto log = ledger_.logs.find(instance);
  if (log != ledger_.logs.end()) place.may_skip_below = std::max(place.may_skip_below, log->second.may_be_trimmed);
}

void Oracle::CheckUnused(const std::string& instance, Cursor cursor) {
  absl::MutexLock lock(&mu_);
  if (!ledger_.logs[instance].known.contains(cursor.value())) return;
  Note(absl::StrCat(instance, "/", cursor.value(), " is given out again by a restored store"));
}

void Oracle::Violation(std::string what) {
  absl::MutexLock lock(&mu_);
  Note(std::move(what));
}

void Oracle::Note(std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back(std::move(what));
}

std::vector<std::string> Oracle::violations() const {
  absl::MutexLock lock(&mu_);
  return violations_;
}

uint64_t Oracle::acknowledged_count() const {
  absl::MutexLock lock(&mu_);
  return acknowledged_;
}

}  // namespace playhead::storage
