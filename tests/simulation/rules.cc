#include "tests/simulation/rules.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace playhead::storage {
namespace {

bool IsStub(const TestEvent& event) { return event.type == kErasedEventType; }

bool SameContent(const TestEvent& a, const TestEvent& b) {
  return a.type == b.type && a.data == b.data && a.id == b.id && a.attributes == b.attributes;
}

// Whose a stub was is known by its cursor, if at all.
std::optional<EventName> NameOf(const Ledger::Log& log, const TestEvent& event) {
  if (!IsStub(event)) return ReadName(event.data);
  const auto known = log.known.find(event.cursor);
  return known == log.known.end() ? std::nullopt : ReadName(known->second);
}

void CheckEvent(Ledger::Log& log, uint64_t moment, const std::string& instance, const TestEvent& event,
                Broken& broken) {
  const std::string where = absl::StrCat(instance, "/", event.cursor);
  if (IsStub(event)) {
    if (!log.erasing.contains(event.cursor)) broken.push_back(absl::StrCat(where, " was erased unasked"));
    return;
  }
  const auto erased = log.erased.find(event.cursor);
  if (erased != log.erased.end() && erased->second <= moment) {
    return broken.push_back(absl::StrCat(where, " was erased and is back"));
  }
  const auto [known, is_new] = log.known.emplace(event.cursor, event.data);
  if (known->second != event.data) return broken.push_back(absl::StrCat(where, " is another event than before"));
  const std::optional<EventName> name = ReadName(event.data);
  const auto submitted = name ? log.submitted.find(*name) : log.submitted.end();
  if (submitted == log.submitted.end()) {
    return broken.push_back(
        absl::StrCat(where, " was not appended to life ", log.life, ": ", event.data.substr(0, 30)));
  }
  if (!SameContent(submitted->second.event, event)) broken.push_back(absl::StrCat(where, " is not what was appended"));
}

void CheckSessions(const Ledger::Log& log, const std::string& instance, const Recovered& found, Broken& broken) {
  std::map<uint64_t, uint64_t> last_of_session;
  std::map<EventName, uint64_t> cursors;
  const bool whole = found.bounds.first.sequence() <= 1;
  for (const TestEvent& event : found.events) {
    const std::optional<EventName> name = NameOf(log, event);
    if (!name) continue;  // That is another rule's.
    const auto [first, is_new] = cursors.emplace(*name, event.cursor);
    if (!is_new) broken.push_back(absl::StrCat(instance, "/", event.cursor, " is stored at ", first->second, ", too"));
    const auto last = last_of_session.find(name->session);
    const uint64_t before = last == last_of_session.end() ? 0 : last->second;
    const bool begins = before == 0 && (name->number == 1 || !whole);
    if (!begins && name->number != before + 1) {
      broken.push_back(
          absl::StrCat(instance, ": of session ", name->session, " number ", name->number, " follows ", before));
    }
    last_of_session[name->session] = name->number;
  }
}

}  // namespace

uint64_t SkippedBelow(const Ledger::Log& log, const Place& place) {
  return place.asks_for_kept ? log.may_be_trimmed : place.may_skip_below;
}

void CheckWhole(Ledger::Log& log, uint64_t moment, const std::string& instance, const Recovered& found,
                Broken& broken) {
  const uint64_t trimmed = log.TrimmedAt(moment);
  std::set<uint64_t> present;
  uint64_t last = found.bounds.BeforeFirst().value();
  for (const TestEvent& event : found.events) {
    const Cursor cursor(event.cursor);
    // Within an epoch one follows the other; a new epoch goes on with the sequence.
    if (cursor.sequence() != Cursor(last).sequence() + 1 || cursor.value() <= last) {
      broken.push_back(absl::StrCat(instance, "/", event.cursor, " follows ", last));
    }
    last = event.cursor;
    present.insert(event.cursor);
    if (event.cursor < trimmed) broken.push_back(absl::StrCat(instance, "/", event.cursor, " was trimmed and is back"));
    CheckEvent(log, moment, instance, event, broken);
  }
  if (found.exists && last != found.bounds.head.value() && found.bounds.event_count() > 0) {
    broken.push_back(absl::StrCat(instance, " ends at ", last, ", its head is ", found.bounds.head.value()));
  }
  const auto check_kept = [&](const std::map<uint64_t, uint64_t>& owed, absl::string_view why) {
    for (const auto& [cursor, at] : owed) {
      if (at > moment || cursor < log.may_be_trimmed || present.contains(cursor)) continue;
      broken.push_back(absl::StrCat(instance, "/", cursor, " was ", why, " and is lost"));
    }
  };
  check_kept(log.acknowledged, "acknowledged");
  check_kept(log.shown, "shown to a reader");
  CheckSessions(log, instance, found, broken);
}

void CheckBytes(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Broken& broken) {
  for (const TestEvent& event : events) CheckEvent(log, moment, instance, event, broken);
}

void CheckGiven(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Place& place, Broken& broken) {
  for (const TestEvent& event : events) {
    const Cursor cursor(event.cursor);
    if (cursor <= place.last) {
      broken.push_back(absl::StrCat(instance, "/", event.cursor, " came to a reader behind ", place.last.value()));
      continue;
    }
    if (cursor.sequence() != place.last.sequence() + 1 && event.cursor > SkippedBelow(log, place)) {
      broken.push_back(absl::StrCat(instance, ": a reader behind ", place.last.value(), " was given ", event.cursor));
    }
    place.last = cursor;
  }
  CheckBytes(log, moment, instance, events, broken);
}

void CheckGone(const Ledger::Log& log, const std::string& instance, Cursor after, Cursor last, Place& place,
               Broken& broken) {
  if (last.value() >= log.may_be_trimmed) {
    broken.push_back(absl::StrCat(instance, ": a reader was told that events up to ", last.value(),
                                  " are gone; none from ", log.may_be_trimmed, " on was trimmed"));
  }
  if (after > place.last && after.value() >= SkippedBelow(log, place)) {
    broken.push_back(absl::StrCat(instance, ": a reader behind ", place.last.value(),
                                  " was told of what is gone behind ", after.value()));
  }
  place.last = std::max(place.last, last);
}

void CheckCaughtUp(const Ledger::Log& log, uint64_t moment, const std::string& instance, const Place& place,
                   Broken& broken) {
  const uint64_t behind_it = std::max(place.last.value() + 1, SkippedBelow(log, place));
  for (auto event = log.acknowledged.lower_bound(behind_it); event != log.acknowledged.end(); ++event) {
    if (event->second > moment) continue;  // Later.
    return broken.push_back(absl::StrCat(instance, "/", event->first,
                                         " was acknowledged and did not come to a reader behind ", place.last.value(),
                                         ", who was told that this is the end"));
  }
}

void CheckStoreOrder(const Ledger::Log& log, const std::string& instance, const std::vector<TestEvent>& events,
                     StoreOrder& order, Broken& broken) {
  for (const TestEvent& event : events) {
    const std::string where = absl::StrCat(instance, "/", event.cursor);
    const auto acknowledged = log.acknowledged.find(event.cursor);
    if (acknowledged != log.acknowledged.end() && acknowledged->second < order.latest_submitted) {
      broken.push_back(absl::StrCat(where, " came behind ", order.latest, ", which was submitted later"));
    }
    const std::optional<EventName> name = NameOf(log, event);
    const auto submitted = name ? log.submitted.find(*name) : log.submitted.end();
    if (submitted == log.submitted.end() || submitted->second.at <= order.latest_submitted) continue;
    order.latest_submitted = submitted->second.at;
    order.latest = where;
  }
}

void CheckSameOrder(const GivenOrder& given, const GivenOrder& other, Broken& broken) {
  std::map<std::pair<std::string, uint64_t>, size_t> places;
  for (size_t i = 0; i < other.size(); ++i) places[other[i]] = i;
  size_t last = 0;
  for (const auto& event : given) {
    const auto place = places.find(event);
    if (place == places.end()) continue;  // Trimmed before the other reader got to it, or not wanted by that reader.
    if (place->second < last) {
      return broken.push_back(absl::StrCat(event.first, "/", event.second, " came to two readers in other orders"));
    }
    last = place->second;
  }
}

void CheckRecordValues(const Ledger& ledger, const Moment& moment, const std::map<std::string, uint64_t>& found,
                       Broken& broken) {
  for (const auto& [key, value] : moment.records) {
    const auto record = found.find(key);
    if (record == found.end() || record->second < value) {
      broken.push_back(absl::StrCat("record ", key, " has lost ", value));
    }
  }
  for (const auto& [key, value] : found) {
    const auto record = ledger.records.find(key);
    if (record == ledger.records.end() || value > record->second.asked) {
      broken.push_back(absl::StrCat("record ", key, " has ", value, ", which nobody wrote"));
    }
  }
}

}  // namespace playhead::storage
