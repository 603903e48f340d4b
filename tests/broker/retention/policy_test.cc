// What a policy trims, compared with a model that is a list of events.
#include "broker/retention/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/seed.h"

namespace playhead::broker::retention {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;
using storage::Cursor;

struct ModelEvent {
  uint64_t age_seconds;
  uint64_t bytes;
};

// A log whose first `gone` events are trimmed.
struct ModelLog {
  std::vector<ModelEvent> events;
  uint64_t gone = 0;
  std::optional<uint64_t> settled;

  uint64_t LastOlderThan(absl::Duration age) const {
    uint64_t last = gone;
    for (uint64_t i = gone; i < events.size(); ++i) {
      if (absl::Seconds(static_cast<int64_t>(events[i].age_seconds)) > age) last = i + 1;
    }
    return last;
  }
  uint64_t BytesBehind(uint64_t sequence) const {
    uint64_t bytes = 0;
    for (uint64_t i = sequence; i < events.size(); ++i) bytes += events[i].bytes;
    return bytes;
  }
  uint64_t LastBeyond(uint64_t bytes) const {
    uint64_t last = gone;
    while (last < events.size() && BytesBehind(last) > bytes) ++last;
    return last;
  }

  uint64_t LastToGo(const Policy& policy) const {
    storage::LogBounds bounds;
    bounds.first = Cursor(gone + 1);
    bounds.head = Cursor(events.size());
    const auto last =
        retention::LastToGo(policy, bounds,
                            {[this](absl::Duration age) -> absl::StatusOr<uint64_t> { return LastOlderThan(age); },
                             [this](uint64_t bytes) -> absl::StatusOr<uint64_t> { return LastBeyond(bytes); },
                             [this]() -> absl::StatusOr<std::optional<uint64_t>> { return settled; }});
    EXPECT_TRUE(last.ok()) << last.status();
    return last.value_or(0);
  }
};

TEST(PolicyTest, WhatIsKeptIsWhatThePolicySays) {
  Random random(TestSeed());
  for (int round = 0; round < 20'000; ++round) {
    SCOPED_TRACE(round);
    ModelLog log;
    for (uint64_t i = random.Below(20); i-- > 0;)
      log.events.push_back({i * 10 + random.Below(10) + 1, 1 + random.Below(50)});
    const uint64_t count = log.events.size();
    log.gone = random.Below(count + 1);
    if (random.OneIn(2)) log.settled = random.Below(count + 1);
    Policy policy;
    if (random.OneIn(2)) policy.set_age_seconds(1 + random.Below(220));
    if (random.OneIn(2)) policy.set_bytes(1 + random.Below(600));
    if (random.OneIn(2)) policy.set_events(1 + random.Below(22));
    if (random.OneIn(3)) policy.set_events_min(1 + random.Below(22));
    if (random.OneIn(2)) policy.set_consumers_seconds(1 + random.Below(220));
    const uint64_t last = log.LastToGo(policy);
    ASSERT_GE(last, log.gone);
    ASSERT_LE(last, count);
    const uint64_t kept = count - last;
    // Never fewer than the counts say.
    if (last > log.gone) {
      ASSERT_TRUE(policy.events_min() == 0 || kept >= policy.events_min());
    }
    const bool is_free = policy.events_min() == 0 || kept > policy.events_min();
    const bool has_limits = policy.age_seconds() != 0 || policy.bytes() != 0 || policy.events() != 0;
    const bool is_held = policy.consumers_seconds() != 0 && log.settled && last >= *log.settled;
    if (is_free && !is_held) {
      // Every bound holds, unless something keeps the oldest event that is left.
      if (policy.events() != 0) {
        ASSERT_LE(kept, policy.events());
      }
      if (policy.bytes() != 0) {
        ASSERT_LE(log.BytesBehind(last), policy.bytes());
      }
      if (policy.age_seconds() != 0 && kept > 0) {
        ASSERT_LE(log.events[last].age_seconds, policy.age_seconds());
      }
    }
    if (policy.consumers_seconds() != 0) {
      if (is_free && kept > 0) {
        ASSERT_LE(log.events[last].age_seconds, policy.consumers_seconds()) << "too long";
      }
      // What goes is settled by every consumer, or too old, unless no consumer is there to mind.
      if (last > log.gone && log.settled && last > *log.settled) {
        ASSERT_GT(log.events[last - 1].age_seconds, policy.consumers_seconds()) << "a consumer needs it";
      }
      if (!has_limits && is_free && log.settled) {
        ASSERT_GE(last, *log.settled) << "all have passed";
      }
    }
    if (!Trims(policy)) {
      ASSERT_EQ(last, log.gone);
    }
  }
}

TEST(PolicyTest, WhatIsOutOfRangeIsRefusedWithWhatIsAllowed) {
  Policy policy;
  EXPECT_TRUE(CheckPolicy(policy).ok());
  policy.set_age_seconds(kSecondsMax + 1);
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kLimitInvalid));
  policy.set_age_seconds(kSecondsMax);
  policy.set_events(10);
  policy.set_events_min(11);
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kLimitInvalid));
  policy.set_events_min(10);
  EXPECT_TRUE(CheckPolicy(policy).ok());
  v1::TypeLife& life = *policy.add_type_lives();
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kFilterInvalid)) << "no type";
  life.set_type("presence.*");
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kLimitInvalid)) << "no life";
  life.set_seconds(3600);
  EXPECT_TRUE(CheckPolicy(policy).ok());
  life.set_type("playhead.erased");
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kFilterInvalid)) << "the broker's own";
  life.set_type(std::string(129, 'x'));
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kFilterInvalid));
  life.set_type("a");
  for (size_t i = 0; i < kTypeLivesMax; ++i) *policy.add_type_lives() = life;
  EXPECT_TRUE(HasReason(CheckPolicy(policy), Reason::kLimitInvalid)) << "too many";
}

}  // namespace
}  // namespace playhead::broker::retention
