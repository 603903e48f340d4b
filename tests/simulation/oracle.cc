#include "tests/simulation/oracle.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace playhead::storage {
namespace {

// One broken rule is often followed by many more.
constexpr size_t kViolationsMax = 20;

bool IsStub(const TestEvent& event) { return event.type == kErasedEventType; }

bool SameContent(const TestEvent& a, const TestEvent& b) {
  return a.type == b.type && a.data == b.data && a.id == b.id && a.attributes == b.attributes;
}

}  // namespace

std::string WriteName(const EventName& name) {
  return absl::StrCat(name.instance, " ", name.life, " ", name.session, " ", name.number, " ");
}

std::optional<EventName> ReadName(absl::string_view data) {
  const std::vector<absl::string_view> words = absl::StrSplit(data, absl::MaxSplits(' ', 4));
  EventName name;
  if (words.size() < 5 || !absl::SimpleAtoi(words[1], &name.life) || !absl::SimpleAtoi(words[2], &name.session) ||
      !absl::SimpleAtoi(words[3], &name.number)) {
    return std::nullopt;
  }
  name.instance = std::string(words[0]);
  return name;
}

void Oracle::OnSubmitted(const std::string& instance, const std::vector<TestEvent>& events) {
  absl::MutexLock lock(&mu_);
  for (const TestEvent& event : events) logs_[instance].submitted.emplace(*ReadName(event.data), event);
}

void Oracle::OnAppended(const std::string& instance, const std::vector<TestEvent>& events, const AppendResult& result) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
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
    acknowledged_ += log.acknowledged.insert(cursor.value()).second ? 1 : 0;
  }
}

void Oracle::OnTrimming(const std::string& instance, Cursor first_kept) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
  log.may_be_trimmed = std::max(log.may_be_trimmed, first_kept.value());
}

void Oracle::OnTrimmed(const std::string& instance, Cursor first_kept) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
  log.trimmed = std::max(log.trimmed, first_kept.value());
}

void Oracle::OnErasing(const std::string& instance, Cursor cursor) {
  absl::MutexLock lock(&mu_);
  logs_[instance].erasing.insert(cursor.value());
}

void Oracle::OnErased(const std::string& instance, Cursor cursor) {
  absl::MutexLock lock(&mu_);
  logs_[instance].erased.insert(cursor.value());
}

void Oracle::OnDeleting(const std::string& instance) {
  absl::MutexLock lock(&mu_);
  logs_[instance].deleting = true;
}

void Oracle::OnDeleted(const std::string& instance) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
  Log next;
  next.life = log.life + 1;
  next.known = std::move(log.known);
  log = std::move(next);
}

void Oracle::OnRecordWriting(const std::string& key, uint64_t value) {
  absl::MutexLock lock(&mu_);
  records_asked_[key] = value;
}

void Oracle::OnRecordWritten(const std::string& key, uint64_t value) {
  absl::MutexLock lock(&mu_);
  records_acknowledged_[key] = std::max(records_acknowledged_[key], value);
}

Oracle::Moment Oracle::Now() const {
  absl::MutexLock lock(&mu_);
  Moment moment;
  for (const auto& [instance, log] : logs_) {
    for (const uint64_t cursor : log.acknowledged) moment.acknowledged.emplace(instance, cursor);
  }
  moment.records = records_acknowledged_;
  return moment;
}

void Oracle::CheckLog(const Moment& moment, const std::string& instance, const Recovered& found) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
  if (log.deleting) return;
  std::set<uint64_t> present;
  uint64_t last = found.bounds.BeforeFirst().value();
  for (const TestEvent& event : found.events) {
    const Cursor cursor(event.cursor);
    // Within an epoch one follows the other; a new epoch goes on with the sequence.
    if (cursor.sequence() != Cursor(last).sequence() + 1 || cursor.value() <= last) {
      Note(absl::StrCat(instance, "/", event.cursor, " follows ", last));
    }
    last = event.cursor;
    present.insert(event.cursor);
    if (event.cursor < log.trimmed) Note(absl::StrCat(instance, "/", event.cursor, " was trimmed and is back"));
    CheckEvent(log, instance, event);
  }
  if (found.exists && last != found.bounds.head.value() && found.bounds.event_count() > 0) {
    Note(absl::StrCat(instance, " ends at ", last, ", its head is ", found.bounds.head.value()));
  }
  for (const uint64_t cursor : log.acknowledged) {
    if (!moment.acknowledged.contains({instance, cursor})) continue;  // Later.
    if (cursor < log.may_be_trimmed || present.contains(cursor)) continue;
    Note(absl::StrCat(instance, "/", cursor, " was acknowledged and is lost"));
  }
  CheckOrder(instance, log, found);
}

void Oracle::CheckEvent(Log& log, const std::string& instance, const TestEvent& event) {
  const std::string where = absl::StrCat(instance, "/", event.cursor);
  if (IsStub(event)) {
    if (!log.erasing.contains(event.cursor)) Note(absl::StrCat(where, " was erased unasked"));
    return;
  }
  if (log.erased.contains(event.cursor)) return Note(absl::StrCat(where, " was erased and is back"));
  const auto [known, is_new] = log.known.emplace(event.cursor, event.data);
  if (known->second != event.data) return Note(absl::StrCat(where, " is another event than before"));
  const std::optional<EventName> name = ReadName(event.data);
  const auto submitted = name ? log.submitted.find(*name) : log.submitted.end();
  if (submitted == log.submitted.end()) {
    return Note(absl::StrCat(where, " was not appended to life ", log.life, ": ", event.data.substr(0, 30)));
  }
  if (!SameContent(submitted->second, event)) Note(absl::StrCat(where, " is not what was appended"));
}

void Oracle::CheckOrder(const std::string& instance, const Log& log, const Recovered& found) {
  std::map<uint64_t, uint64_t> last_of_session;
  const bool whole = found.bounds.first.sequence() <= 1;
  for (const TestEvent& event : found.events) {
    // Whose a stub was is known by its cursor.
    const auto known = log.known.find(event.cursor);
    if (IsStub(event) && known == log.known.end()) continue;
    const std::optional<EventName> name = ReadName(IsStub(event) ? known->second : event.data);
    if (!name) continue;  // That is another rule's.
    const auto last = last_of_session.find(name->session);
    const uint64_t before = last == last_of_session.end() ? 0 : last->second;
    const bool begins = before == 0 && (name->number == 1 || !whole);
    if (!begins && name->number != before + 1) {
      Note(absl::StrCat(instance, ": of session ", name->session, " number ", name->number, " follows ", before));
    }
    last_of_session[name->session] = name->number;
  }
}

void Oracle::CheckBytes(const std::string& instance, const std::vector<TestEvent>& events) {
  absl::MutexLock lock(&mu_);
  Log& log = logs_[instance];
  if (log.deleting) return;
  for (const TestEvent& event : events) CheckEvent(log, instance, event);
}

void Oracle::CheckRecords(const Moment& moment, const std::map<std::string, uint64_t>& found) {
  absl::MutexLock lock(&mu_);
  for (const auto& [key, value] : moment.records) {
    const auto record = found.find(key);
    if (record == found.end() || record->second < value) Note(absl::StrCat("record ", key, " has lost ", value));
  }
  for (const auto& [key, value] : found) {
    if (value > records_asked_[key]) Note(absl::StrCat("record ", key, " has ", value, ", which nobody wrote"));
  }
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
