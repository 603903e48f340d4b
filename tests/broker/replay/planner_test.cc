// What a plan counts, compared with a list of all events.

#include "broker/replay/planner.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/replay/selection.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/seed.h"

namespace playhead::broker::replay {
namespace {

using storage::Cursor;
using testing::Await;

// All that the oracle knows of an event.
struct Known {
  std::string instance;
  uint64_t cursor;
  std::string type;
  std::string id;
};

class PlannerTest : public ::testing::Test {
 protected:
  absl::StatusOr<Planned> Plan(v1::PlanReplayRequest request) {
    if (!request.has_start()) request.mutable_start()->mutable_beginning();
    auto caller = broker_.core().auth.Authenticate("");
    auto selection = ToSelection(request, *caller);
    if (!selection.ok()) return selection.status();
    return Await<Planned>([&](auto done) { Planner::Plan(broker_.log(), *std::move(selection), std::move(done)); });
  }

  absl::StatusOr<Planned> Recount(std::vector<Range> ranges) {
    return Await<Planned>(
        [&](auto done) { Planner::Recount(broker_.log(), std::move(ranges), nullptr, std::move(done)); });
  }

  static v1::PlanReplayRequest Of(const std::vector<std::string>& instances) {
    v1::PlanReplayRequest request;
    for (const std::string& instance : instances) request.add_instances(instance);
    return request;
  }

  testing::BrokerCore broker_;
};

TEST_F(PlannerTest, CountsWhatAnOracleCountsWhateverTheFilterAndTheRange) {
  testing::Random random(testing::TestSeed());
  std::vector<Known> all;
  std::map<std::string, uint64_t> heads;
  for (int batch = 0; batch < 200; ++batch) {
    const std::string instance = absl::StrCat("bot-", random.Below(4));
    std::vector<NewEvent> events;
    std::vector<Known> known;
    for (uint64_t i = 0; i <= random.Skewed(40); ++i) {
      known.push_back({instance, ++heads[instance], absl::StrCat("type.", random.Below(5)),
                       absl::StrCat(random.OneIn(2) ? "a" : "b", batch, "-", i)});
    }
    for (const Known& event : known) events.push_back({.type = event.type, .data = "{}", .id = event.id});
    testing::AppendAndWait(broker_.log(), instance, events);
    all.insert(all.end(), known.begin(), known.end());
  }
  for (int round = 0; round < 100; ++round) {
    v1::PlanReplayRequest request;
    std::string only;
    if (random.OneIn(2)) {
      only = absl::StrCat("bot-", random.Below(4));
      request.add_instances(only);
      request.mutable_start()->set_after_cursor(random.Below(heads[only]));
      request.set_until_cursor(1 + random.Below(heads[only] + 20));
    } else {
      request.set_prefix("bot-");
    }
    if (random.OneIn(2)) request.add_types(absl::StrCat("type.", random.Below(5)));
    if (random.OneIn(3)) request.set_id_prefix("a");
    v1::ReplayPlan expected;
    std::map<std::string, uint64_t> types;
    uint64_t count = 0;
    for (const Known& event : all) {
      if (!only.empty() && (event.instance != only || event.cursor <= request.start().after_cursor() ||
                            event.cursor > request.until_cursor())) {
        continue;
      }
      if (request.types_size() > 0 && event.type != request.types(0)) continue;
      if (!absl::StartsWith(event.id, request.id_prefix())) continue;
      ++types[event.type];
      ++count;
    }
    const auto planned = Plan(request);
    ASSERT_TRUE(planned.ok()) << planned.status();
    v1::ReplayPlan plan;
    planned->tally.WriteTo(plan);
    EXPECT_EQ(plan.event_count(), count) << request.ShortDebugString();
    std::map<std::string, uint64_t> counted;
    for (const auto& type : plan.types()) counted[type.type()] = type.event_count();
    EXPECT_EQ(counted, types) << request.ShortDebugString();
    uint64_t of_ranges = 0;
    for (const Range& range : planned->ranges) of_ranges += range.event_count;
    EXPECT_EQ(of_ranges, count);
  }
}

TEST_F(PlannerTest, WhatIsAppendedLaterIsNotInThePlan) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 10);
  auto planned = Plan(Of({"bot"}));
  ASSERT_TRUE(planned.ok()) << planned.status();
  testing::AppendNumbered(broker_.log(), "bot", 10, 10);
  const auto again = Recount(planned->ranges);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->tally.event_count(), 10);
}

TEST_F(PlannerTest, WhatWasTrimmedOrDeletedSinceIsNotCounted) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 10);
  testing::AppendNumbered(broker_.log(), "other", 0, 5);
  auto planned = Plan(Of({"bot", "other"}));
  ASSERT_TRUE(planned.ok()) << planned.status();
  broker_.Trim("bot", Cursor(4));
  broker_.Delete("other");
  auto again = Recount(planned->ranges);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->tally.event_count(), 7);
  // Another instance of the name has none of the plan's events.
  testing::AppendNumbered(broker_.log(), "other", 0, 5);
  again = Recount(planned->ranges);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->tally.event_count(), 7);
}

TEST_F(PlannerTest, ACursorThatIsNoLongerKeptIsSaidAndTheBeginningIsWhatIsKept) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 10);
  broker_.Trim("bot", Cursor(4));
  v1::PlanReplayRequest request = Of({"bot"});
  request.mutable_start()->set_after_cursor(1);
  EXPECT_TRUE(HasReason(Plan(request).status(), Reason::kCursorTrimmed));
  EXPECT_EQ(Plan(Of({"bot"}))->tally.event_count(), 7);
}

TEST_F(PlannerTest, TheBrokersOwnInstancesAreNotAmongAll) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 3);
  testing::AppendNumbered(broker_.log(), "playhead.audit", 0, 3);
  v1::PlanReplayRequest request;
  request.set_all(true);
  EXPECT_EQ(Plan(request)->tally.event_count(), 3);
  EXPECT_EQ(Plan(Of({"playhead.audit"}))->tally.event_count(), 3);
}

TEST_F(PlannerTest, TimesBoundItToTheMicrosecond) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 3);
  v1::ReplayPlan plan;
  Plan(Of({"bot"}))->tally.WriteTo(plan);
  v1::PlanReplayRequest request = Of({"bot"});
  request.set_until_time(plan.first_appended_at());
  EXPECT_EQ(Plan(request)->tally.event_count(), 0);
  request.set_until_time(plan.last_appended_at() + 1);
  EXPECT_EQ(Plan(request)->tally.event_count(), 3);
  request.mutable_start()->set_time(plan.last_appended_at() + 1);
  EXPECT_EQ(Plan(request)->tally.event_count(), 0);
}

TEST_F(PlannerTest, RequestsThatMakeNoSenseAreRefused) {
  testing::AppendNumbered(broker_.log(), "bot", 0, 3);
  v1::PlanReplayRequest request;
  EXPECT_TRUE(HasReason(Plan(request).status(), Reason::kReplayInvalid));
  request = Of({"bot"});
  request.set_all(true);
  EXPECT_TRUE(HasReason(Plan(request).status(), Reason::kReplayInvalid));
  request = Of({"bot", "other"});
  request.mutable_start()->set_after_cursor(1);
  EXPECT_TRUE(HasReason(Plan(request).status(), Reason::kReplayInvalid));
  request = Of({"bot"});
  request.mutable_start()->mutable_now();
  EXPECT_TRUE(HasReason(Plan(request).status(), Reason::kReplayInvalid));
  EXPECT_TRUE(HasReason(Plan(Of({"nobody"})).status(), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(Plan(Of({"no body"})).status(), Reason::kInstanceNameInvalid));
}

}  // namespace
}  // namespace playhead::broker::replay
