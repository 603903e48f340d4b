#include "broker/read/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "broker/limits.h"
#include "broker/read/delivery.h"
#include "proto/errors.h"
#include "storage/event_filter.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/puller.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::AppendNumbered;
using testing::BrokerCore;
using ::testing::ElementsAre;
using testing::Puller;
using testing::Range;

SubscriptionRequest From(StartPosition start) { return {.instance = "device", .start = start}; }
SubscriptionRequest After(uint64_t cursor) { return From(AfterCursor{Cursor(cursor)}); }

std::shared_ptr<const storage::EventFilter> Only(absl::string_view type) {
  return std::make_shared<const storage::EventFilter>(*storage::EventFilter::Make({type}));
}

Limits WithHeartbeatEvery(absl::Duration interval) {
  Limits limits;
  limits.heartbeat_interval = interval;
  limits.progress_interval = interval;
  return limits;
}

Reason ReasonOf(const Delivery& delivery) {
  const auto* const closed = std::get_if<Closed>(&delivery);
  const ReasonInfo* const info = closed == nullptr ? nullptr : FindReason(playhead::ToProto(closed->status).code());
  return info == nullptr ? Reason::kInternal : info->reason;
}

TEST(SubscriptionTest, SaysWhereItStartsThenSendsHistoryThenThatItHasCaughtUpThenLive) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  Puller puller(broker.core(), After(4));

  const auto started = std::get<Started>(puller.Next());
  EXPECT_EQ(started.cursor, Cursor(4));
  EXPECT_EQ(started.first, Cursor(1));
  EXPECT_EQ(started.head, Cursor(10));
  EXPECT_EQ(puller.TakeSequences(6), Range(5, 10));
  EXPECT_EQ(std::get<CaughtUp>(puller.Next()).cursor, Cursor(10));

  auto next = puller.Ask();
  AppendNumbered(broker.log(), "device", 11, 3);
  const auto live = std::get<Events>(next.get());
  EXPECT_EQ(live.event_count, 3u);
  EXPECT_EQ(live.last, Cursor(13));
  EXPECT_EQ(testing::EventsIn(live.slices)[2].data, "13");
}

// Consumers and the sessions of dialects subscribe like this.
TEST(SubscriptionTest, OfAnOpenInstanceDoesNotReadALaterOneOfItsName) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 2);
  SubscriptionRequest request;
  request.opened = broker.Open("device");
  request.start = AfterCursor{Cursor(1)};
  {
    Puller puller(broker.core(), request);
    EXPECT_EQ(puller.TakeSequences(1), Range(2, 2));
  }
  broker.Delete("device");
  Puller puller(broker.core(), request);
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(1));
  EXPECT_EQ(ReasonOf(puller.Next()), Reason::kInstanceDeleted);
  const auto found =
      testing::Await<storage::InstanceInfo>([&](auto done) { broker.log().GetInstance("device", std::move(done)); });
  EXPECT_TRUE(HasReason(found.status(), Reason::kInstanceNotFound)) << "none was created: " << found.status();

  AppendNumbered(broker.log(), "device", 1, 2);
  Puller later(broker.core(), request);
  EXPECT_EQ(std::get<Started>(later.Next()).cursor, Cursor(1));
  EXPECT_EQ(ReasonOf(later.Next()), Reason::kInstanceDeleted);
}

TEST(SubscriptionTest, OfANewNameStartsAtZeroAndGetsItsFirstEvent) {
  BrokerCore broker;
  Puller puller(broker.core(), After(0));
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor());
  EXPECT_EQ(std::get<CaughtUp>(puller.Next()).cursor, Cursor());
  AppendNumbered(broker.log(), "device", 1, 1);
  EXPECT_EQ(puller.TakeSequences(1), Range(1, 1));
}

TEST(SubscriptionTest, FromNowGetsOnlyWhatComes) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  Puller puller(broker.core(), From(FromNow{}));
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(10));
  EXPECT_TRUE(std::holds_alternative<CaughtUp>(puller.Next()));
  AppendNumbered(broker.log(), "device", 11, 1);
  EXPECT_EQ(puller.TakeSequences(1), Range(11, 11));
}

TEST(SubscriptionTest, FromATimeStartsAtTheFirstEventOfThatTimeOrLater) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 5);
  const auto bounds = broker.Open("device")->bounds();
  const storage::Timestamp later(bounds.last_appended_at.micros() + 1);
  while (storage::Timestamp::Now() < later) {
  }
  AppendNumbered(broker.log(), "device", 6, 5);
  Puller puller(broker.core(), From(FromTime{later}));
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(5));
  EXPECT_EQ(puller.TakeSequences(5), Range(6, 10));
}

TEST(SubscriptionTest, WhatIsErasedAfterItWasReadAheadComesAsAStub) {
  Limits limits;
  limits.delivery_bytes_max = 4096;
  limits.tail_bytes_max = 1;  // Everything is read from storage.
  BrokerCore broker(limits);
  std::vector<Cursor> cursors;
  for (uint64_t i = 1; i <= 12; ++i) cursors.push_back(AppendNumbered(broker.log(), "device", i, 1, "number", 1000));
  Puller puller(broker.core(), From(FromBeginning{}));
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor());
  uint64_t taken = std::get<Events>(puller.Next()).event_count;  // The next events are read ahead meanwhile.
  ASSERT_LT(taken, 12u);
  const auto erasure = testing::Await<storage::ErasureInfo>([&](auto done) {
    broker.log().erasures().Start({.instances = {"device"}, .cursors = cursors}, std::move(done));
  });
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  while (taken < 12) {
    const Delivery delivery = puller.NextThatMatters();
    const auto* const events = std::get_if<Events>(&delivery);
    ASSERT_NE(events, nullptr);
    for (const EventView& event : testing::EventsIn(events->slices)) {
      EXPECT_EQ(event.type, kErasedEventType) << event.cursor;
      EXPECT_EQ(storage::Cursor(event.cursor).sequence(), ++taken);
    }
  }
}

TEST(SubscriptionTest, FromTheBeginningOfATrimmedLogIsNoError) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  broker.Trim("device", Cursor(8));
  Puller puller(broker.core(), From(FromBeginning{}));
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(7));
  EXPECT_EQ(puller.TakeSequences(3), Range(8, 10));
}

TEST(SubscriptionTest, BehindTrimmedEventsEndsWithCursorTrimmed) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  broker.Trim("device", Cursor(8));
  Puller puller(broker.core(), After(3));
  EXPECT_EQ(ReasonOf(puller.Next()), Reason::kCursorTrimmed);
}

TEST(SubscriptionTest, BehindTrimmedEventsWithAllowGapCountsThemAndGoesOn) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  broker.Trim("device", Cursor(8));
  SubscriptionRequest request = After(3);
  request.allow_gap = true;
  Puller puller(broker.core(), request);
  EXPECT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(3));
  const auto gap = std::get<Gap>(puller.Next());
  EXPECT_EQ(gap.after, Cursor(3));
  EXPECT_EQ(gap.last, Cursor(7));
  EXPECT_EQ(gap.event_count, 4u);
  EXPECT_EQ(puller.TakeSequences(3), Range(8, 10));
}

TEST(SubscriptionTest, BehindACursorOfAnotherLogEndsWithCursorDivergedEvenWithAllowGap) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  SubscriptionRequest request = After(11);
  request.allow_gap = true;
  Puller puller(broker.core(), request);
  EXPECT_EQ(ReasonOf(puller.Next()), Reason::kCursorDiverged);
}

TEST(SubscriptionTest, OvertakenByATrimEndsWithCursorTrimmed) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  Puller puller(broker.core(), After(0));
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  broker.Trim("device", Cursor(6));
  EXPECT_EQ(ReasonOf(puller.Next()), Reason::kCursorTrimmed);
}

TEST(SubscriptionTest, OvertakenByATrimWithAllowGapCountsWhatIsGone) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  SubscriptionRequest request = After(0);
  request.allow_gap = true;
  Puller puller(broker.core(), request);
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  broker.Trim("device", Cursor(6));
  EXPECT_EQ(std::get<Gap>(puller.Next()).event_count, 5u);
  EXPECT_EQ(puller.TakeSequences(5), Range(6, 10));
}

TEST(SubscriptionTest, OvertakenByATrimOfEverythingGoesOnLive) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  SubscriptionRequest request = After(0);
  request.allow_gap = true;
  Puller puller(broker.core(), request);
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  broker.Trim("device", Cursor(11));
  EXPECT_EQ(std::get<Gap>(puller.Next()).event_count, 10u);
  EXPECT_EQ(std::get<CaughtUp>(puller.Next()).cursor, Cursor(10));
  AppendNumbered(broker.log(), "device", 11, 1);
  EXPECT_EQ(puller.TakeSequences(1), Range(11, 11));
}

TEST(SubscriptionTest, OfADeletedInstanceEndsWithInstanceDeleted) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 10);
  Puller puller(broker.core(), After(10));
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  ASSERT_TRUE(std::holds_alternative<CaughtUp>(puller.Next()));
  auto next = puller.Ask();
  broker.Delete("device");
  EXPECT_EQ(ReasonOf(next.get()), Reason::kInstanceDeleted);
}

TEST(SubscriptionTest, FilterSendsOnlyWhatMatches) {
  BrokerCore broker;
  for (uint64_t i = 1; i <= 20; ++i) AppendNumbered(broker.log(), "device", i, 1, i % 5 == 0 ? "five" : "other");
  SubscriptionRequest request = After(0);
  request.filter = Only("five");
  Puller puller(broker.core(), request);
  EXPECT_THAT(puller.TakeSequences(4), ElementsAre(5, 10, 15, 20));
  EXPECT_EQ(std::get<CaughtUp>(puller.NextThatMatters()).cursor, Cursor(20));
}

TEST(SubscriptionTest, HiddenEventsAreProgressAndNoGap) {
  BrokerCore broker(WithHeartbeatEvery(absl::Milliseconds(20)));
  AppendNumbered(broker.log(), "device", 1, 3, "playhead.hidden.x");
  AppendNumbered(broker.log(), "device", 4, 1, "shown");
  Puller puller(broker.core(), After(0));
  EXPECT_THAT(puller.TakeSequences(1), ElementsAre(4));
  EXPECT_EQ(std::get<CaughtUp>(puller.NextThatMatters()).cursor, Cursor(4));
  // And live, from the tail.
  auto next = puller.Ask();
  AppendNumbered(broker.log(), "device", 5, 2, "playhead.hidden.x");
  for (;;) {
    const auto heartbeat = std::get<Heartbeat>(next.get());
    if (heartbeat.cursor == Cursor(6)) break;
    next = puller.Ask();
  }
  SubscriptionRequest named = After(0);
  named.filter = Only("playhead.hidden.x");
  Puller sees(broker.core(), named);
  EXPECT_THAT(sees.TakeSequences(5), ElementsAre(1, 2, 3, 5, 6));
}

TEST(SubscriptionTest, HeartbeatsCarryProgressPastWhatTheFilterSkips) {
  BrokerCore broker(WithHeartbeatEvery(absl::Milliseconds(20)));
  SubscriptionRequest request = After(0);
  request.filter = Only("wanted");
  Puller puller(broker.core(), request);
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  ASSERT_TRUE(std::holds_alternative<CaughtUp>(puller.Next()));
  auto next = puller.Ask();
  AppendNumbered(broker.log(), "device", 1, 50, "unwanted");
  for (;;) {
    const auto heartbeat = std::get<Heartbeat>(next.get());
    EXPECT_LE(heartbeat.cursor, heartbeat.head);
    if (heartbeat.cursor == Cursor(50)) break;
    next = puller.Ask();
  }
}

TEST(SubscriptionTest, SilentStreamGetsHeartbeats) {
  BrokerCore broker(WithHeartbeatEvery(absl::Milliseconds(5)));
  AppendNumbered(broker.log(), "device", 1, 3);
  Puller puller(broker.core(), After(3));
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  ASSERT_TRUE(std::holds_alternative<CaughtUp>(puller.Next()));
  for (int i = 0; i < 5; ++i) {
    const auto heartbeat = std::get<Heartbeat>(puller.Next());
    EXPECT_EQ(heartbeat.cursor, Cursor(3));
    EXPECT_EQ(heartbeat.head, Cursor(3));
  }
}

TEST(SubscriptionTest, CloseEndsItAtOnceWithTheStatus) {
  BrokerCore broker;
  Puller puller(broker.core(), After(0));
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  ASSERT_TRUE(std::holds_alternative<CaughtUp>(puller.Next()));
  auto next = puller.Ask();
  puller.subscription().Close(MakeError(Reason::kShuttingDown, "stopping"));
  EXPECT_EQ(ReasonOf(next.get()), Reason::kShuttingDown);
  EXPECT_EQ(broker.tail().instance_count(), 0u);
}

TEST(SubscriptionTest, WhoIsCalledMayLetGoOfTheLastReference) {
  BrokerCore broker;
  std::shared_ptr<Subscription> subscription = Subscription::Start(broker.core(), From(FromNow{}));
  const std::weak_ptr<Subscription> watched = subscription;
  subscription->Close(MakeError(Reason::kShuttingDown, "stopping"));
  Subscription& called = *subscription;
  EXPECT_TRUE(called.Next([last = std::move(subscription)](Delivery) mutable { last = nullptr; }));
  while (!watched.expired()) std::this_thread::yield();  // Its start may still be in progress.
}

TEST(SubscriptionTest, BadNameEndsItWithTheReason) {
  BrokerCore broker;
  Puller puller(broker.core(), {.instance = "no spaces", .start = FromNow{}});
  EXPECT_EQ(ReasonOf(puller.Next()), Reason::kInstanceNameInvalid);
}

}  // namespace
}  // namespace playhead::broker
