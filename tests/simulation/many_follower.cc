#include "tests/simulation/many_follower.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/simulation/store_reads.h"
#include "tests/storage/name_selector.h"

namespace playhead::storage {

using playhead::testing::Random;

std::shared_ptr<const InstanceSelector> AnySelector(Random& random) {
  switch (random.Below(3)) {
    case 0:
      return std::make_shared<PrefixSelector>("");
    case 1:
      return std::make_shared<PrefixSelector>("b");
    default:
      return std::make_shared<NameSelector>(std::vector<std::string>{"a0", "a1", "b0"});
  }
}

absl::Status ManyFollower::Pull(EventLog& log, Random& random) {
  if (absl::Status status = Take(random); !status.ok()) return status;
  if (reader_ == nullptr) {
    reader_ = std::make_shared<ManyReader>(selector_);
    if (asks_for_kept_ && position_ == StorePosition()) reader_->StartAtKept(log.head_position().commit);
  }
  ManyReadOptions read{.after = position_, .reader = reader_};
  read.events_max = static_cast<uint32_t>(1 + random.Skewed(300));
  read.bytes_max = 1 + random.Skewed(100'000);
  read.scan_bytes_max = random.Skewed(200'000);
  asked_at_ = oracle_.Now();
  std::promise<absl::StatusOr<Answer>> promise;
  asked_ = promise.get_future();
  log.ReadMany(read, [promise = std::move(promise), tamper = tamper_](absl::StatusOr<ManyReadResult> result) mutable {
    if (!result.ok()) return promise.set_value(result.status());
    if (tamper) tamper(*result);
    promise.set_value(Plain(*result));
  });
  return absl::OkStatus();
}

ManyFollower::Answer ManyFollower::Plain(const ManyReadResult& result) {
  Answer answer{.next = result.next, .end_reached = result.end_reached};
  for (const InstanceEvents& part : result.parts) {
    ReadResult events;
    events.slices = part.slices;
    answer.parts.push_back(
        {part.instance == nullptr ? "" : part.instance->name(), part.trimmed, EventsOf(events), part.position});
  }
  return answer;
}

absl::Status ManyFollower::Take(Random& random) {
  if (!asked_) return absl::OkStatus();
  const absl::StatusOr<Answer> answer = asked_->get();
  asked_.reset();
  caught_up_ = false;
  // Some clients vanish before they have taken it all.
  const bool vanishes = random.OneIn(6);
  const uint64_t taken = random.Below(1000);
  if (!answer.ok()) return answer.status();
  // Whose some of it was cannot be told from the names: it is asked for again.
  if (oracle_.AnyDeletedSince(asked_at_)) return Disconnect(random);
  const size_t count = vanishes ? taken % (answer->parts.size() + 1) : answer->parts.size();
  const StorePosition before = position_;
  for (size_t i = 0; i < count; ++i) {
    TakePart(answer->parts[i]);
    if (answer->parts[i].position < position_) oracle_.Violation("the position of a reader of many went back");
    position_ = answer->parts[i].position;
  }
  if (count < answer->parts.size()) return Disconnect(random);
  if (answer->next < position_) oracle_.Violation("a reader of many is to go on behind what it has");
  position_ = answer->next;
  if (!answer->end_reached) {
    // A trim of one log is reported, once, before the error of another log that cannot be read.
    const bool goes_on = position_ > before || !answer->parts.empty();
    return goes_on ? absl::OkStatus() : absl::InternalError("a reader of many makes no progress");
  }
  caught_up_ = true;
  for (const std::string& instance : SimulatedInstances()) {
    if (!selector_->Selects(instance)) continue;
    if (const Place* const place = PlaceIn(instance)) oracle_.CheckCaughtUp(asked_at_, instance, *place);
  }
  return absl::OkStatus();
}

void ManyFollower::TakePart(const Part& part) {
  if (part.instance.empty()) return CheckForgotten();
  if (!selector_->Selects(part.instance)) {
    return oracle_.Violation(absl::StrCat("a reader of many was given ", part.instance, ", which it does not want"));
  }
  Place* const place = PlaceIn(part.instance);
  if (place == nullptr) return;
  if (part.trimmed) {
    oracle_.CheckGone(asked_at_, part.instance, part.trimmed->after, part.trimmed->last, *place);
    return;
  }
  oracle_.CheckGiven(asked_at_, part.instance, part.events, *place);
  oracle_.CheckStoreOrder(asked_at_, part.instance, part.events, store_order_);
  for (const TestEvent& event : part.events) order_.emplace_back(part.instance, event.cursor);
}

void ManyFollower::CheckForgotten() {
  bool any_trimmed = false;
  for (const std::string& instance : SimulatedInstances()) {
    Place* const place = selector_->Selects(instance) ? PlaceIn(instance) : nullptr;
    if (place == nullptr) continue;
    oracle_.NoteForgotten(instance, *place);
    any_trimmed = any_trimmed || place->may_skip_below > 0;
  }
  if (!any_trimmed) oracle_.Violation("a reader of many was told of forgotten commits, though nothing was trimmed");
}

// nullptr while the instance is being deleted. A new life of it begins at its beginning.
Place* ManyFollower::PlaceIn(const std::string& instance) {
  const std::optional<uint64_t> life = oracle_.LifeOf(instance);
  if (!life) return nullptr;
  Place& place = places_[instance];
  if (place.life != *life) place = {.life = *life};
  place.asks_for_kept = asks_for_kept_;
  return &place;
}

absl::Status ManyFollower::CatchUp(EventLog& log, Random& random) {
  absl::Status status = Take(random);
  caught_up_ = false;
  while (status.ok() && !caught_up_) {
    status = Pull(log, random);
    if (status.ok()) status = Take(random);
  }
  return status;
}

absl::Status ManyFollower::Disconnect(Random& random) {
  absl::Status status = Take(random);
  reader_ = nullptr;
  return status;
}

void ManyFollower::CheckSameOrder(const ManyFollower& other) const {
  Broken broken;
  storage::CheckSameOrder(order_, other.order_, broken);
  for (std::string& what : broken) oracle_.Violation(std::move(what));
}

}  // namespace playhead::storage
