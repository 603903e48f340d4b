#include "broker/consumers/consumer_state.h"

#include <algorithm>
#include <utility>

namespace playhead::broker {

using storage::Cursor;
using storage::InstanceNumber;

namespace {

// A claim includes waiting ranges that are at most this far apart. The settled events between them are read for
// nothing.
constexpr uint64_t kClaimGapEventsMax = 64;

// The exclusive lower bound of a range that starts with the event at `first`. Used only for comparisons, never to look
// up a log.
Cursor Before(Cursor first) { return Cursor(first.value() - 1); }

}  // namespace

ConsumerState::ConsumerState(uint32_t attempts_max, const ConsumerSnapshot& snapshot, bool overtake)
    : attempts_max_(attempts_max), overtake_(overtake), fed_(snapshot.position), position_(snapshot.position) {
  for (const UnsettledRange& range : snapshot.unsettled) {
    InstanceEvents& events = instances_[range.instance.value()];
    AddWaiting(events, {range.after, range.last, range.event_count, range.failures, SteadyTime::min()});
    Tidy(range.instance, events);
  }
}

ConsumerState::Fresh ConsumerState::MayHandOver(InstanceNumber instance, HolderNumber holder) const {
  const auto found = instances_.find(instance.value());
  if (found == instances_.end()) return Fresh::kFree;
  const InstanceEvents& events = found->second;
  if (!events.waiting.empty() || HeldAgainHoldsBack(events) || events.claim != 0) return Fresh::kHeldBack;
  return events.holder == 0 || events.holder == holder ? Fresh::kFree : Fresh::kElsewhere;
}

void ConsumerState::HandOver(InstanceNumber instance, Cursor after, absl::Span<const Run> runs, const FeedPosition& to,
                             HolderNumber holder) {
  InstanceEvents& events = instances_[instance.value()];
  events.holder = holder;
  untouched_.push_back({++last_fed_number_, to});
  fed_ = to;
  for (const Run& run : runs) {
    // Some events can already be held or waiting: those that were requeued after a reset to a position before them.
    for (const auto& [part_after, part_last] : FreeParts(events, std::max(after, Before(run.first)), run.last)) {
      Held held;
      held.first = Cursor(part_after.value() + 1);
      held.after = held.first == run.first ? after : part_after;
      held.last = part_last;
      held.fed_number = last_fed_number_;
      AddHeld(events, held);
    }
    after = run.last;
  }
  Tidy(instance, events);
}

void ConsumerState::Defer(InstanceNumber instance, Cursor after, Cursor last, uint32_t event_count,
                          const FeedPosition& to) {
  InstanceEvents& events = instances_[instance.value()];
  AddWaiting(events, {after, last, event_count, 0, SteadyTime::min()});
  fed_ = position_ = to;
  position_number_ = last_fed_number_;
  untouched_.clear();
  ++version_;
  Tidy(instance, events);
}

void ConsumerState::PassOver(const FeedPosition& to) {
  fed_ = to;
  (untouched_.empty() ? position_ : untouched_.back().end) = to;
}

std::optional<ConsumerState::Again> ConsumerState::ClaimAgain(HolderNumber holder, SteadyTime now) {
  for (auto entry = due_.begin(); entry != due_.end() && entry->first <= now; ++entry) {
    const InstanceNumber instance(entry->second);
    InstanceEvents& events = instances_.at(instance.value());
    if (events.holder != 0 && events.holder != holder) continue;
    auto waiting = events.waiting.begin();
    const bool failed = waiting->second.failures > 0;
    Again again{++last_claim_, instance, waiting->second.after, waiting->second.last};
    for (++waiting; waiting != events.waiting.end(); ++waiting) {
      const Waiting& next = waiting->second;
      if ((next.failures > 0) != failed || next.due > now) break;
      if (next.after.value() - again.last.value() > kClaimGapEventsMax) break;
      again.last = next.last;
    }
    events.claim = again.claim;
    events.holder = holder;
    Tidy(instance, events);
    return again;
  }
  return std::nullopt;
}

std::optional<ConsumerState::HandedAgain> ConsumerState::HandOverAgain(const Again& again, absl::Span<const Run> found,
                                                                       Cursor through, uint32_t events_max) {
  const auto entry = instances_.find(again.instance.value());
  if (entry == instances_.end() || entry->second.claim != again.claim) return std::nullopt;
  InstanceEvents& events = entry->second;
  events.claim = 0;
  through = std::min(through, again.last);
  HandedAgain handed;
  size_t next_run = 0;
  while (!events.waiting.empty() && events_max > 0) {
    const Waiting waiting = events.waiting.begin()->second;
    if (waiting.after >= through) break;
    const Cursor end = std::min(waiting.last, through);
    EraseWaiting(events, waiting.last);
    ++version_;
    uint32_t left = waiting.event_count;
    Cursor done = waiting.after;
    for (; next_run < found.size() && found[next_run].first <= end && events_max > 0; ++next_run) {
      const Cursor first = std::max(found[next_run].first, Cursor(done.value() + 1));
      Cursor last = std::min(found[next_run].last, end);
      if (last < first) continue;  // Before this range.
      if (last.value() - first.value() >= events_max) last = Cursor(first.value() + events_max - 1);
      Held held{done, first, last, waiting.failures};
      AddHeld(events, held);
      handed.runs.push_back({first, last});
      handed.attempts.insert(handed.attempts.end(), held.event_count(), waiting.failures + 1);
      events_max -= held.event_count();
      left -= std::min(left, held.event_count());
      done = last;
      if (last < found[next_run].last) break;  // The rest of the run is for the next range, or for a later delivery.
    }
    if (events_max > 0 || left == 0) done = end;  // All other events up to `end` are gone.
    if (done < waiting.last) {
      const uint64_t cursors = waiting.last.sequence() - done.sequence();
      const auto rest = static_cast<uint32_t>(std::min<uint64_t>(std::max(left, uint32_t{1}), cursors));
      handed.gone += left - std::min(left, rest);
      AddWaitingPart(events, {done, waiting.last, rest, waiting.failures, waiting.due});
      break;
    }
    handed.gone += left;
  }
  Tidy(again.instance, events);
  return handed;
}

void ConsumerState::ReleaseAgain(const Again& again) {
  const auto entry = instances_.find(again.instance.value());
  if (entry == instances_.end() || entry->second.claim != again.claim) return;
  entry->second.claim = 0;
  Tidy(again.instance, entry->second);
}

std::optional<SteadyTime> ConsumerState::next_due(SteadyTime from) const {
  const auto entry = due_.lower_bound({from, 0});
  if (entry == due_.end()) return std::nullopt;
  return entry->first;
}

uint32_t ConsumerState::Ack(HolderNumber holder, InstanceNumber instance, Cursor first, Cursor last) {
  InstanceEvents* const events = FindHeldBy(holder, instance);
  if (events == nullptr) return 0;
  uint32_t count = 0;
  for (const Held& held : TakeHeld(*events, first, last)) {
    Touch(held.fed_number);
    count += held.event_count();
  }
  if (count > 0) ++version_;
  Tidy(instance, *events);
  return count;
}

uint32_t ConsumerState::Nack(HolderNumber holder, InstanceNumber instance, Cursor first, Cursor last, SteadyTime due,
                             absl::string_view reason) {
  InstanceEvents* const events = FindHeldBy(holder, instance);
  if (events == nullptr) return 0;
  uint32_t count = 0;
  for (const Held& held : TakeHeld(*events, first, last)) {
    Fail(instance, *events, held, due, reason);
    count += held.event_count();
  }
  Tidy(instance, *events);
  return count;
}

uint32_t ConsumerState::Park(HolderNumber holder, InstanceNumber instance, Cursor first, Cursor last,
                             absl::string_view reason) {
  InstanceEvents* const events = FindHeldBy(holder, instance);
  if (events == nullptr) return 0;
  uint32_t count = 0;
  for (const Held& held : TakeHeld(*events, first, last)) {
    AddParking(instance, held, reason);
    count += held.event_count();
  }
  Tidy(instance, *events);
  return count;
}

uint32_t ConsumerState::SetDeadline(HolderNumber holder, InstanceNumber instance, Cursor first, Cursor last,
                                    SteadyTime deadline) {
  InstanceEvents* const events = FindHeldBy(holder, instance);
  if (events == nullptr) return 0;
  uint32_t count = 0;
  for (Held& held : TakeHeld(*events, first, last)) {
    held.deadline = deadline;
    AddHeld(*events, held);
    count += held.event_count();
  }
  if (count > 0) next_deadline_ = std::min(next_deadline_.value_or(deadline), deadline);
  return count;
}

uint32_t ConsumerState::Expire(SteadyTime now) {
  uint32_t count = 0;
  next_deadline_.reset();
  for (const uint64_t number : HeldInstances()) {
    InstanceEvents& events = instances_.at(number);
    std::vector<Held> expired;
    for (const auto& [last, held] : events.held) {
      if (held.deadline <= now) {
        expired.push_back(held);
      } else if (held.deadline != SteadyTime::max()) {
        next_deadline_ = std::min(next_deadline_.value_or(held.deadline), held.deadline);
      }
    }
    for (const Held& held : expired) {
      RemoveHeld(events, held);
      Fail(InstanceNumber(number), events, held, now, "the deadline passed");
      count += held.event_count();
    }
    Tidy(InstanceNumber(number), events);
  }
  return count;
}

void ConsumerState::Disconnect(HolderNumber holder, bool failed, SteadyTime now) {
  for (const uint64_t number : HeldInstances()) {
    InstanceEvents& events = instances_.at(number);
    if (events.holder != holder) continue;
    events.claim = 0;
    for (const Held& held : TakeHeld(events, Cursor(), Cursor(~uint64_t{0}))) {
      if (failed && held.deadline != SteadyTime::max()) {
        Fail(InstanceNumber(number), events, held, now, "its holder went");
      } else {
        Touch(held.fed_number);
        AddWaiting(events, {held.after, held.last, held.event_count(), held.failures, now});
        ++version_;
      }
    }
    Tidy(InstanceNumber(number), events);
  }
}

void ConsumerState::Requeue(InstanceNumber instance, Cursor cursor, SteadyTime now) {
  // A consumer of one instance will get events after fed() anyway.
  if (fed_.commit == storage::CommitPosition() && cursor > fed_.cursor) return;
  InstanceEvents& events = instances_[instance.value()];
  AddWaiting(events, {Before(cursor), cursor, 1, 0, now});
  ++version_;
  Tidy(instance, events);
}

bool ConsumerState::Forget(InstanceNumber instance) {
  bool any = false;
  const auto found = instances_.find(instance.value());
  if (found != instances_.end()) {
    InstanceEvents& events = found->second;
    any = true;
    TakeHeld(events, Cursor(), Cursor(~uint64_t{0}));
    while (!events.waiting.empty()) EraseWaiting(events, events.waiting.begin()->first);
    events.claim = 0;
    Tidy(instance, events);
  }
  const auto gone = [&](const Parking& parking) {
    if (parking.instance != instance) return false;
    parking_events_ -= parking.events.event_count();
    return true;
  };
  const auto kept_end = std::remove_if(parking_.begin(), parking_.end(), gone);
  any |= kept_end != parking_.end();
  parking_.erase(kept_end, parking_.end());
  if (any) ++version_;
  return any;
}

std::vector<ConsumerState::ParkedEvent> ConsumerState::TakeParking(size_t max) {
  std::vector<ParkedEvent> taken;
  while (!parking_.empty() && taken.size() < max) {
    Parking& parking = parking_.front();
    while (parking.events.first <= parking.events.last && taken.size() < max) {
      taken.push_back({parking.instance, parking.events.first, parking.attempts, parking.reason});
      parking.events.first = Cursor(parking.events.first.value() + 1);
    }
    if (parking.events.first > parking.events.last) parking_.pop_front();
  }
  parking_events_ -= taken.size();
  if (!taken.empty()) ++version_;
  return taken;
}

ConsumerSnapshot ConsumerState::Snapshot() const {
  ConsumerSnapshot snapshot;
  snapshot.position = position_;
  std::vector<UnsettledRange>& ranges = snapshot.unsettled;
  for (const auto& [number, events] : instances_) {
    const InstanceNumber instance(number);
    for (const auto& [last, waiting] : events.waiting) {
      ranges.push_back({instance, waiting.after, last, waiting.event_count, waiting.failures});
    }
    for (const auto& [last, held] : events.held) {
      if (held.fed_number > position_number_) continue;
      ranges.push_back({instance, held.after, last, held.event_count(), held.failures});
    }
  }
  for (const Parking& parking : parking_) {
    const Run& run = parking.events;
    ranges.push_back({parking.instance, Before(run.first), run.last, run.event_count(), parking.attempts});
  }
  std::sort(ranges.begin(), ranges.end(), [](const UnsettledRange& a, const UnsettledRange& b) {
    return std::pair(a.instance, a.last) < std::pair(b.instance, b.last);
  });
  size_t kept = 0;
  for (size_t i = 1; i < ranges.size(); ++i) {
    UnsettledRange& before = ranges[kept];
    if (before.instance == ranges[i].instance && before.last == ranges[i].after &&
        before.failures == ranges[i].failures) {
      before.last = ranges[i].last;
      before.event_count += ranges[i].event_count;
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  if (!ranges.empty()) ranges.resize(kept + 1);
  return snapshot;
}

uint32_t ConsumerState::held_events(HolderNumber holder) const {
  const auto found = holders_.find(holder);
  return found == holders_.end() ? 0 : found->second;
}

uint64_t ConsumerState::unsettled_events() const {
  uint64_t count = waiting_events_ + parking_events_;
  for (const auto& [number, events] : instances_) {
    for (const auto& [last, held] : events.held) {
      if (held.fed_number <= position_number_) count += held.event_count();
    }
  }
  return count;
}

ConsumerState::InstanceEvents* ConsumerState::FindHeldBy(HolderNumber holder, InstanceNumber instance) {
  const auto found = instances_.find(instance.value());
  return found == instances_.end() || found->second.holder != holder ? nullptr : &found->second;
}

std::vector<uint64_t> ConsumerState::HeldInstances() const {
  std::vector<uint64_t> numbers;
  for (const auto& [number, events] : instances_) {
    if (events.holder != 0) numbers.push_back(number);
  }
  return numbers;
}

std::vector<ConsumerState::Held> ConsumerState::TakeHeld(InstanceEvents& events, Cursor first, Cursor last) {
  std::vector<Held> taken;
  const auto begin = events.held.lower_bound(first);
  auto end = begin;
  for (; end != events.held.end() && end->second.first <= last; ++end) taken.push_back(end->second);
  if (taken.empty()) return taken;
  for (const Held& held : taken) CountRemovedHeld(events, held);
  events.held.erase(begin, end);
  if (Held& front = taken.front(); front.first < first) {
    Held rest = front;
    rest.last = Before(first);
    AddHeld(events, rest);
    front.first = first;
    front.after = rest.last;
  }
  if (Held& back = taken.back(); back.last > last) {
    Held rest = back;
    rest.after = last;
    rest.first = Cursor(last.value() + 1);
    AddHeld(events, rest);
    back.last = last;
  }
  return taken;
}

void ConsumerState::AddHeld(InstanceEvents& events, const Held& held) {
  events.held.emplace(held.last, held);
  if (held.failures > 0) ++events.held_failed;
  held_events_ += held.event_count();
  holders_[events.holder] += held.event_count();
}

void ConsumerState::RemoveHeld(InstanceEvents& events, const Held& held) {
  events.held.erase(held.last);
  CountRemovedHeld(events, held);
}

void ConsumerState::CountRemovedHeld(InstanceEvents& events, const Held& held) {
  if (held.failures > 0) --events.held_failed;
  held_events_ -= held.event_count();
  const auto holder = holders_.find(events.holder);
  holder->second -= held.event_count();
  if (holder->second == 0) holders_.erase(holder);
}

void ConsumerState::AddWaiting(InstanceEvents& events, const Waiting& waiting) {
  const auto parts = FreeParts(events, waiting.after, waiting.last);
  for (const auto& [after, last] : parts) {
    Waiting part = waiting;
    part.after = after;
    part.last = last;
    if (parts.size() > 1 || last != waiting.last || after != waiting.after) {
      part.event_count = static_cast<uint32_t>(std::min<uint64_t>(waiting.event_count, last.value() - after.value()));
    }
    AddWaitingPart(events, part);
  }
}

void ConsumerState::AddWaitingPart(InstanceEvents& events, Waiting waiting) {
  const auto like = [&](const Waiting& other) {
    return other.failures == waiting.failures && other.due == waiting.due;
  };
  if (const auto before = events.waiting.find(waiting.after); before != events.waiting.end() && like(before->second)) {
    waiting.after = before->second.after;
    waiting.event_count += before->second.event_count;
    EraseWaiting(events, before->first);
  }
  if (const auto behind = events.waiting.upper_bound(waiting.last);
      behind != events.waiting.end() && behind->second.after == waiting.last && like(behind->second)) {
    waiting.last = behind->second.last;
    waiting.event_count += behind->second.event_count;
    EraseWaiting(events, behind->first);
  }
  events.waiting.emplace(waiting.last, waiting);
  ++waiting_ranges_;
  waiting_events_ += waiting.event_count;
}

void ConsumerState::EraseWaiting(InstanceEvents& events, Cursor last) {
  const auto found = events.waiting.find(last);
  waiting_events_ -= found->second.event_count;
  --waiting_ranges_;
  events.waiting.erase(found);
}

std::vector<std::pair<Cursor, Cursor>> ConsumerState::FreeParts(const InstanceEvents& events, Cursor after,
                                                                Cursor last) const {
  std::vector<std::pair<Cursor, Cursor>> taken;  // The overlapping ranges, as (after, last].
  for (auto held = events.held.upper_bound(after); held != events.held.end() && held->second.after < last; ++held) {
    taken.emplace_back(held->second.after, held->first);
  }
  for (auto waiting = events.waiting.upper_bound(after);
       waiting != events.waiting.end() && waiting->second.after < last; ++waiting) {
    taken.emplace_back(waiting->second.after, waiting->first);
  }
  std::sort(taken.begin(), taken.end());
  std::vector<std::pair<Cursor, Cursor>> parts;
  for (const auto& [taken_after, taken_last] : taken) {
    if (taken_after > after) parts.emplace_back(after, taken_after);
    after = std::max(after, taken_last);
  }
  if (after < last) parts.emplace_back(after, last);
  return parts;
}

void ConsumerState::Fail(InstanceNumber instance, InstanceEvents& events, const Held& held, SteadyTime due,
                         absl::string_view reason) {
  if (attempts_max_ > 0 && held.failures + 1 >= attempts_max_) return AddParking(instance, held, reason);
  Touch(held.fed_number);
  AddWaiting(events, {held.after, held.last, held.event_count(), held.failures + 1, due});
  ++version_;
}

void ConsumerState::AddParking(InstanceNumber instance, const Held& held, absl::string_view reason) {
  Touch(held.fed_number);
  parking_.push_back({instance, {held.first, held.last}, held.failures + 1, std::string(reason)});
  parking_events_ += held.event_count();
  ++version_;
}

void ConsumerState::Touch(uint64_t fed_number) {
  while (!untouched_.empty() && untouched_.front().number <= fed_number) {
    position_number_ = untouched_.front().number;
    position_ = untouched_.front().end;
    untouched_.pop_front();
  }
}

void ConsumerState::Tidy(InstanceNumber instance, InstanceEvents& events) {
  if (events.held.empty() && events.claim == 0) events.holder = 0;
  const bool claimable = !events.waiting.empty() && events.claim == 0 && !HeldAgainHoldsBack(events);
  const auto due = claimable ? std::optional(events.waiting.begin()->second.due) : std::nullopt;
  if (due != events.indexed_due) {
    if (events.indexed_due) due_.erase({*events.indexed_due, instance.value()});
    if (due) due_.emplace(*due, instance.value());
    events.indexed_due = due;
  }
  if (events.held.empty() && events.waiting.empty() && events.claim == 0) instances_.erase(instance.value());
}

}  // namespace playhead::broker
