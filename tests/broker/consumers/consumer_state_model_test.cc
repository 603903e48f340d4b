// Random operations on a ConsumerState, each compared with a model that keeps every event.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/consumers/consumer_state.h"
#include "tests/support/seed.h"

namespace playhead::broker {
namespace {

using storage::CommitPosition;
using storage::Cursor;
using storage::InstanceNumber;
using testing::Random;

constexpr uint32_t kAttemptsMax = 4;
constexpr uint64_t kInstances = 3;
constexpr uint64_t kHolders = 3;

SteadyTime At(int64_t seconds) { return SteadyTime(std::chrono::seconds(seconds)); }

// One event of the model. Its place in the feed is that of its part.
struct ModelEvent {
  enum class Lot { kUnfed, kHeld, kWaiting, kParking, kSettled };
  Lot lot = Lot::kUnfed;
  uint64_t part = 0;  // From 1.
  HolderNumber holder = 0;
  uint32_t failures = 0;
  bool again = false;  // Held, and not for the first time.
  int64_t time = 0;    // The deadline (0: none) or when it is due.
};
using Lot = ModelEvent::Lot;

// A part of the feed: events of one instance.
struct Part {
  uint64_t instance;
  Cursor after;
  Cursor last;
  std::vector<Run> runs;
};

class Model {
 public:
  Model(uint64_t seed, bool overtake) : random_(seed), overtake_(overtake), state_(Restored(ConsumerSnapshot())) {}

  void Step() {
    ++now_;
    switch (random_.Below(12)) {
      case 0:
      case 1:
      case 2:
        return Feed();
      case 3:
      case 4:
        return TakeAgain();
      case 5:
        return Settle(&ConsumerState::Ack, Lot::kSettled);
      case 6:
        return AckUpTo();
      case 7:
        return Nack();
      case 8:
        return random_.OneIn(3) ? Park() : SetDeadline();
      case 9:
        return random_.OneIn(3) ? Disconnect() : Expire();
      case 10:
        return TakeParking();
      default:
        return random_.OneIn(4) ? Restore() : Requeue();
    }
  }

  void Check() const {
    uint32_t held = 0;
    for (HolderNumber holder = 1; holder <= kHolders; ++holder) {
      uint32_t held_by = 0;
      for (const auto& [key, event] : events_) {
        held_by += event.lot == Lot::kHeld && event.holder == holder ? 1 : 0;
      }
      ASSERT_EQ(state_->held_events(holder), held_by);
      held += held_by;
    }
    ASSERT_EQ(state_->held_events(), held);
    CheckSnapshot(state_->Snapshot());
    CheckNothingIsForgotten();
  }

 private:
  using Key = std::pair<uint64_t, Cursor>;  // Instance, cursor.
  using Change = std::vector<Key>;

  std::unique_ptr<ConsumerState> Restored(const ConsumerSnapshot& snapshot) const {
    return std::make_unique<ConsumerState>(kAttemptsMax, snapshot, overtake_);
  }

  static FeedPosition End(uint64_t part) { return {CommitPosition(part), InstanceNumber(1), Cursor(1)}; }

  std::vector<Key> Select(auto wanted) const {
    std::vector<Key> keys;
    for (const auto& [key, event] : events_) {
      if (wanted(key, event)) keys.push_back(key);
    }
    return keys;
  }

  // What a snapshot says of every event, beside what the model says.
  void CheckSnapshot(const ConsumerSnapshot& snapshot) const {
    uint64_t unsettled = 0;
    std::set<Key> excepted;
    const UnsettledRange* before = nullptr;
    for (const UnsettledRange& range : snapshot.unsettled) {
      ASSERT_LT(range.after, range.last);
      if (before != nullptr && before->instance == range.instance) {
        ASSERT_LE(before->last, range.after);
      }
      before = &range;
      uint32_t count = 0;
      for (auto event = events_.upper_bound({range.instance.value(), range.after});
           event != events_.end() && event->first <= Key(range.instance.value(), range.last); ++event) {
        ++count;
        excepted.insert(event->first);
        ASSERT_EQ(event->second.failures, range.failures);
      }
      ASSERT_EQ(count, range.event_count);
      unsettled += count;
    }
    ASSERT_EQ(state_->unsettled_events(), unsettled);
    for (const auto& [key, event] : events_) {
      const bool settled = event.part <= snapshot.position.commit.value() && !excepted.contains(key);
      ASSERT_EQ(settled, event.lot == Lot::kSettled) << "instance " << key.first << " cursor " << key.second.value();
    }
  }

  // Whatever waits and is due can be had, unless something of its instance comes first.
  void CheckNothingIsForgotten() const {
    for (uint64_t instance = 1; instance <= kInstances; ++instance) {
      const auto waiting = Select(
          [&](const Key& key, const ModelEvent& event) { return key.first == instance && event.lot == Lot::kWaiting; });
      if (waiting.empty() || events_.at(waiting.front()).time > now_ || IsHeldBack(instance)) continue;
      ASSERT_TRUE(state_->next_due().has_value() && *state_->next_due() <= At(now_));
    }
  }

  // Something that came again and is not settled holds back what comes behind it.
  bool IsHeldBack(uint64_t instance) const {
    return !overtake_ && !Select([&](const Key& key, const ModelEvent& event) {
                            return key.first == instance && event.lot == Lot::kHeld && event.failures > 0;
                          }).empty();
  }

  HolderNumber HolderOf(uint64_t instance) const {
    for (const auto& [key, event] : events_) {
      if (key.first == instance && event.lot == Lot::kHeld) return event.holder;
    }
    return 0;
  }

  bool HasWaiting(uint64_t instance) const {
    return !Select([&](const Key& key, const ModelEvent& event) {
              return key.first == instance && event.lot == Lot::kWaiting;
            }).empty();
  }

  // Events of one instance, some of which the consumer wants.
  void Feed() {
    if (next_part_ == parts_.size() + 1) AppendPart();
    const Part& part = parts_[next_part_ - 1];
    const FeedPosition to = End(next_part_);
    const InstanceNumber instance(part.instance);
    const HolderNumber holder = 1 + random_.Below(kHolders);
    const auto fresh = state_->MayHandOver(instance, holder);
    const HolderNumber present = HolderOf(part.instance);
    if (HasWaiting(part.instance) || IsHeldBack(part.instance)) {
      ASSERT_EQ(fresh, ConsumerState::Fresh::kHeldBack);
    } else {
      ASSERT_EQ(fresh,
                present == 0 || present == holder ? ConsumerState::Fresh::kFree : ConsumerState::Fresh::kElsewhere);
    }
    if (part.runs.empty()) {
      state_->PassOver(to);
    } else if (fresh == ConsumerState::Fresh::kFree) {
      state_->HandOver(instance, part.after, part.runs, to, holder);
    } else if (random_.OneIn(2)) {
      return;  // It waits for its turn in the feed.
    } else {
      uint32_t count = 0;
      for (const Run& run : part.runs) count += run.event_count();
      state_->Defer(instance, part.after, part.last, count, to);
    }
    ++next_part_;
    for (const Run& run : part.runs) {
      for (uint64_t cursor = run.first.value(); cursor <= run.last.value(); ++cursor) {
        ModelEvent& event = events_.at({part.instance, Cursor(cursor)});
        event.time = 0;
        event.holder = holder;
        event.lot = fresh == ConsumerState::Fresh::kFree ? Lot::kHeld : Lot::kWaiting;
      }
    }
  }

  void AppendPart() {
    const uint64_t instance = 1 + random_.Below(kInstances);
    Cursor& head = heads_[instance];
    Part part{instance, head, head, {}};
    if (random_.OneIn(20)) head = Cursor(head.epoch() + 1, head.sequence());
    const uint64_t size = 1 + random_.Skewed(20);
    const bool sparse = random_.OneIn(3);
    for (uint64_t i = 0; i < size; ++i) {
      head = head + 1;
      if (sparse && !random_.OneIn(3)) continue;
      events_[{instance, head}].part = parts_.size() + 1;
      if (!part.runs.empty() && part.runs.back().last + 1 == head) {
        part.runs.back().last = head;
      } else {
        part.runs.push_back({head, head});
      }
    }
    part.last = part.runs.empty() ? head : part.runs.back().last;
    parts_.push_back(std::move(part));
  }

  // Claims, reads what there is, and hands it over or lets go.
  void TakeAgain() {
    const HolderNumber holder = 1 + random_.Below(kHolders);
    const auto again = state_->ClaimAgain(holder, At(now_));
    const auto can = [&](uint64_t instance) {
      const auto waiting = Select(
          [&](const Key& key, const ModelEvent& event) { return key.first == instance && event.lot == Lot::kWaiting; });
      const HolderNumber present = HolderOf(instance);
      return !waiting.empty() && events_.at(waiting.front()).time <= now_ && !IsHeldBack(instance) &&
             (present == 0 || present == holder);
    };
    if (!again) {
      for (uint64_t instance = 1; instance <= kInstances; ++instance) ASSERT_FALSE(can(instance));
      return;
    }
    const uint64_t instance = again->instance.value();
    ASSERT_TRUE(can(instance));
    ASSERT_EQ(state_->MayHandOver(again->instance, holder), ConsumerState::Fresh::kHeldBack);
    if (random_.OneIn(5)) return state_->ReleaseAgain(*again);
    std::vector<Run> found;
    Cursor through = again->last;
    size_t take = 1 + random_.Skewed(30);
    for (auto event = events_.upper_bound({instance, again->after});
         event != events_.end() && event->first <= Key(instance, again->last); ++event) {
      if (take-- == 0) {
        through = found.back().last;
        break;
      }
      const Cursor cursor = event->first.second;
      if (!found.empty() && found.back().last + 1 == cursor) {
        found.back().last = cursor;
      } else {
        found.push_back({cursor, cursor});
      }
    }
    const auto events_max = static_cast<uint32_t>(1 + random_.Skewed(20));
    const auto handed = state_->HandOverAgain(*again, found, through, events_max);
    ASSERT_TRUE(handed.has_value());
    CheckHandedAgain(*handed, instance, holder, events_max);
    ASSERT_FALSE(state_->HandOverAgain(*again, found, through, events_max).has_value()) << "the claim has ended";
  }

  void CheckHandedAgain(const ConsumerState::HandedAgain& handed, uint64_t instance, HolderNumber holder,
                        uint32_t events_max) {
    size_t index = 0;
    for (const Run& run : handed.runs) {
      for (uint64_t cursor = run.first.value(); cursor <= run.last.value(); ++cursor, ++index) {
        const Key key(instance, Cursor(cursor));
        const auto earlier = Select([&](const Key& other, const ModelEvent& event) {
          return other.first == instance && other < key && event.lot == Lot::kWaiting;
        });
        ASSERT_TRUE(earlier.empty()) << "an earlier one waits";
        ModelEvent& event = events_.at(key);
        ASSERT_EQ(event.lot, Lot::kWaiting);
        ASSERT_LE(event.time, now_);
        ASSERT_EQ(handed.attempts.at(index), event.failures + 1);
        event.lot = Lot::kHeld;
        event.holder = holder;
        event.time = 0;
      }
    }
    ASSERT_EQ(index, handed.attempts.size());
    ASSERT_LE(index, events_max);
    ASSERT_GE(index, 1u) << "the model's log loses nothing";
  }

  // A random holder's events of an instance in a random range.
  struct Choice {
    HolderNumber holder;
    uint64_t instance;
    Cursor first;
    Cursor last;
    std::vector<Key> keys;
  };
  Choice Choose(bool from_start) {
    Choice choice{1 + random_.Below(kHolders), 1 + random_.Below(kInstances), Cursor(), Cursor(), {}};
    const auto held = Select([&](const Key& key, const ModelEvent& event) {
      return key.first == choice.instance && event.lot == Lot::kHeld;
    });
    if (!held.empty()) {
      const size_t begin = from_start ? 0 : random_.Below(held.size());
      const size_t end = begin + random_.Skewed(held.size() - begin - 1);
      choice.first = from_start ? Cursor() : held[begin].second;
      choice.last = held[end].second;
      if (!random_.OneIn(4)) choice.holder = events_.at(held[begin]).holder;
    }
    choice.keys = Select([&](const Key& key, const ModelEvent& event) {
      return key.first == choice.instance && key.second >= choice.first && key.second <= choice.last &&
             event.lot == Lot::kHeld && event.holder == choice.holder;
    });
    return choice;
  }

  void Settle(uint32_t (ConsumerState::*settle)(HolderNumber, InstanceNumber, Cursor, Cursor), Lot lot) {
    const Choice choice = Choose(false);
    ASSERT_EQ((state_.get()->*settle)(choice.holder, InstanceNumber(choice.instance), choice.first, choice.last),
              choice.keys.size());
    for (const Key& key : choice.keys) events_.at(key).lot = lot;
  }

  void AckUpTo() {
    const Choice choice = Choose(true);
    ASSERT_EQ(state_->AckUpTo(choice.holder, InstanceNumber(choice.instance), choice.last), choice.keys.size());
    for (const Key& key : choice.keys) events_.at(key).lot = Lot::kSettled;
  }

  void Fail(ModelEvent& event, int64_t due) {
    ++event.failures;
    event.lot = event.failures >= kAttemptsMax ? Lot::kParking : Lot::kWaiting;
    event.time = due;
  }

  void Nack() {
    const Choice choice = Choose(false);
    const int64_t due = now_ + static_cast<int64_t>(random_.Skewed(20));
    ASSERT_EQ(state_->Nack(choice.holder, InstanceNumber(choice.instance), choice.first, choice.last, At(due), "n"),
              choice.keys.size());
    for (const Key& key : choice.keys) Fail(events_.at(key), due);
  }

  void Park() {
    const Choice choice = Choose(false);
    ASSERT_EQ(state_->Park(choice.holder, InstanceNumber(choice.instance), choice.first, choice.last, "p"),
              choice.keys.size());
    for (const Key& key : choice.keys) {
      ++events_.at(key).failures;
      events_.at(key).lot = Lot::kParking;
    }
  }

  void SetDeadline() {
    const Choice choice = Choose(random_.OneIn(2));
    const int64_t deadline = now_ + 1 + static_cast<int64_t>(random_.Below(20));
    ASSERT_EQ(
        state_->SetDeadline(choice.holder, InstanceNumber(choice.instance), choice.first, choice.last, At(deadline)),
        choice.keys.size());
    for (const Key& key : choice.keys) events_.at(key).time = deadline;
  }

  void Expire() {
    const auto expired = Select([&](const Key&, const ModelEvent& event) {
      return event.lot == Lot::kHeld && event.time != 0 && event.time <= now_;
    });
    if (!expired.empty()) {
      ASSERT_TRUE(state_->next_deadline().has_value());
      ASSERT_LE(*state_->next_deadline(), At(now_));
    }
    ASSERT_EQ(state_->Expire(At(now_)), expired.size());
    for (const Key& key : expired) Fail(events_.at(key), now_);
  }

  void Disconnect() {
    const HolderNumber holder = 1 + random_.Below(kHolders);
    const bool failed = random_.OneIn(2);
    state_->Disconnect(holder, failed, At(now_));
    for (auto& [key, event] : events_) {
      if (event.lot != Lot::kHeld || event.holder != holder) continue;
      if (failed && event.time != 0) {
        Fail(event, now_);
      } else {
        event.lot = Lot::kWaiting;
        event.time = now_;
      }
    }
  }

  void TakeParking() {
    const auto parking = Select([](const Key&, const ModelEvent& event) { return event.lot == Lot::kParking; });
    const size_t max = 1 + random_.Skewed(30);
    const auto taken = state_->TakeParking(max);
    ASSERT_EQ(taken.size(), std::min(max, parking.size()));
    for (const auto& parked : taken) {
      ModelEvent& event = events_.at({parked.instance.value(), parked.cursor});
      ASSERT_EQ(event.lot, Lot::kParking) << "parked twice";
      ASSERT_EQ(event.failures, parked.attempts);
      event.lot = Lot::kSettled;
      parked_.insert({parked.instance.value(), parked.cursor});
    }
  }

  void Requeue() {
    if (parked_.empty()) return;
    const Key key = *parked_.begin();
    parked_.erase(parked_.begin());
    state_->Requeue(InstanceNumber(key.first), key.second, At(now_));
    ModelEvent& event = events_.at(key);
    event.lot = Lot::kWaiting;
    event.failures = 0;
    event.time = now_;
  }

  // What a crash behind a written snapshot leaves.
  void Restore() {
    const ConsumerSnapshot snapshot = state_->Snapshot();
    state_ = Restored(snapshot);
    const uint64_t position = snapshot.position.commit.value();
    next_part_ = position + 1;
    for (auto& [key, event] : events_) {
      if (event.lot == Lot::kSettled || event.lot == Lot::kUnfed) continue;
      event.lot = event.part <= position ? Lot::kWaiting : Lot::kUnfed;
      event.time = 0;
      ASSERT_TRUE(event.lot == Lot::kWaiting || event.failures == 0) << "a failure is a change";
    }
    ASSERT_EQ(state_->Snapshot(), snapshot);
  }

  Random random_;
  const bool overtake_;
  std::unique_ptr<ConsumerState> state_;
  int64_t now_ = 0;
  std::map<Key, ModelEvent> events_;
  std::map<uint64_t, Cursor> heads_;
  std::vector<Part> parts_;
  uint64_t next_part_ = 1;
  std::set<Key> parked_;
};

class ConsumerStateModelTest : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Overtake, ConsumerStateModelTest, ::testing::Bool());

TEST_P(ConsumerStateModelTest, RandomOperations) {
  const uint64_t seed = testing::TestSeed();
  for (uint64_t round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    Model model(seed * 1000 + round, GetParam());
    for (int step = 0; step < 400; ++step) {
      SCOPED_TRACE(step);
      model.Step();
      model.Check();
      ASSERT_FALSE(::testing::Test::HasFailure());
    }
  }
}

}  // namespace
}  // namespace playhead::broker
