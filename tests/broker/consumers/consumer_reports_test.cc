// Each test guards against a public report of another system's consumers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "broker/consumers/consumer_registry.h"
#include "proto/errors.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::AppendNumbered;
using testing::Await;
using testing::ConsumerHarness;
using ::testing::ElementsAre;
using testing::Got;
using testing::OfDevice;
using testing::TestHolder;

std::vector<ParkedRow> Parked(ConsumerHarness& harness) {
  return *Await<std::vector<ParkedRow>>(
      [&](auto done) { harness.consumers().ListParked(nullptr, "c", 0, 100, std::move(done)); });
}

// Replays (after, last] of the device; the outcome comes when all is settled.
std::future<absl::StatusOr<ReplayOutcome>> StartReplay(ConsumerHarness& harness, uint64_t after, uint64_t last) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<ReplayOutcome>>>();
  auto future = promise->get_future();
  harness.consumers().Replay({"c", "r1", harness.broker().Open("device"), Cursor(after), Cursor(last)},
                             [promise](absl::StatusOr<ReplayOutcome> outcome) { promise->set_value(outcome); });
  return future;
}

Settlement Replayed(uint64_t cursor, Settlement::Action action) {
  return {.first = Cursor(cursor), .last = Cursor(cursor), .action = action, .replay_id = "r1"};
}

// KurrentDB #500: replaying parked events corrupted the checkpoint.
TEST(ConsumerReportsTest, KurrentDb500AReplayMovesNothing) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 5);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  ASSERT_EQ(holder->Take(5).size(), 5u);
  ASSERT_TRUE(holder->AckUpTo(4).ok());
  auto outcome = StartReplay(harness, 1, 3);
  EXPECT_THAT(holder->Take(2), ElementsAre(Got{"device", 2, 1, "r1"}, Got{"device", 3, 1, "r1"}));
  EXPECT_TRUE(HasReason(holder->Ack(2), Reason::kNotHeld)) << "what is replayed is settled by the replay's id";
  ASSERT_TRUE(holder->Settle(Replayed(2, Settlement::Action::kAck)).ok());
  ASSERT_TRUE(holder->Settle(Replayed(3, Settlement::Action::kAck)).ok());
  const auto replayed = outcome.get();
  ASSERT_TRUE(replayed.ok());
  EXPECT_EQ(replayed->acked, 2u);
  ConsumerInfo info = harness.Get("c");
  EXPECT_EQ(info.in_flight, 1u) << "event 5 as before";
  ASSERT_TRUE(holder->Ack(5).ok());
  info = harness.Get("c");
  EXPECT_EQ(info.position.cursor, Cursor(5));
  EXPECT_EQ(info.unsettled_events, 0u);
}

// KurrentDB #3696: nacks were ignored during a replay.
TEST(ConsumerReportsTest, KurrentDb3696ANackDuringAReplayIsHonoured) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  ConsumerConfig config = OfDevice();
  config.attempts_max = 2;
  harness.Create(config);
  const auto holder = harness.Hold("c");
  ASSERT_EQ(holder->Take(2).size(), 2u);
  ASSERT_TRUE(holder->AckUpTo(2).ok());
  auto outcome = StartReplay(harness, 0, 1);
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 1, 1, "r1"}));
  ASSERT_TRUE(holder->Settle(Replayed(1, Settlement::Action::kNack)).ok());
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 1, 2, "r1"}));
  ASSERT_TRUE(holder->Settle(Replayed(1, Settlement::Action::kNack)).ok());
  const auto replayed = outcome.get();
  ASSERT_TRUE(replayed.ok());
  EXPECT_EQ(replayed->parked, 1u) << "that was its last attempt";
  EXPECT_EQ(Parked(harness).size(), 1u);
}

// KurrentDB #3692: an event was parked twice.
TEST(ConsumerReportsTest, KurrentDb3692AnEventIsParkedOnce) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  harness.Create(OfDevice());
  {
    const auto holder = harness.Hold("c");
    ASSERT_EQ(holder->Take(2).size(), 2u);
    ASSERT_TRUE(holder->Park(1, "no such order").ok());
    EXPECT_TRUE(HasReason(holder->Park(1, "again"), Reason::kNotHeld));
    EXPECT_TRUE(HasReason(holder->Nack(1), Reason::kNotHeld));
  }
  harness.Restart();
  EXPECT_THAT(harness.Hold("c")->TakeCursors(1), ElementsAre(2));
  const std::vector<ParkedRow> parked = Parked(harness);
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].cursor, Cursor(1));
  EXPECT_EQ(parked[0].instance, "device");
  EXPECT_EQ(parked[0].attempts, 1u);
  EXPECT_EQ(parked[0].reason, "no such order");
}

// KurrentDB #3692, by a reset: an event is settled, pending or parked, and never two of these.
TEST(ConsumerReportsTest, KurrentDb3692AResetTakesWhatComesAgainOutOfTheParkedList) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 4);
  harness.Create(OfDevice());
  {
    const auto holder = harness.Hold("c");
    ASSERT_EQ(holder->Take(4).size(), 4u);
    for (const uint64_t cursor : {1, 2, 3}) ASSERT_TRUE(holder->Park(cursor, "no").ok());
    ASSERT_TRUE(holder->Ack(4).ok());
  }
  const auto reset = [&](bool dry_run) {
    return *Await<ResetResult>([&](auto done) {
      harness.consumers().Reset(nullptr, "c", StartPosition(AfterCursor{Cursor(1)}),
                                {.dry_run = dry_run, .again_max = 3}, std::move(done));
    });
  };
  EXPECT_EQ(reset(true).unparked, 2u);
  EXPECT_EQ(Parked(harness).size(), 3u) << "a dry run changes nothing";
  const ResetResult done = reset(false);
  EXPECT_EQ(done.again.events, 3u);
  EXPECT_EQ(done.unparked, 2u);
  harness.Restart();
  EXPECT_EQ(harness.Get("c").parked_events, 1u);
  ASSERT_EQ(Parked(harness).size(), 1u);
  EXPECT_EQ(Parked(harness)[0].cursor, Cursor(1)) << "it lies before the position";
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(3), ElementsAre(2, 3, 4));
  ASSERT_TRUE(holder->Park(3, "once more").ok());
  EXPECT_EQ(Parked(harness).size(), 2u);
}

// And by a replay.
TEST(ConsumerReportsTest, KurrentDb3692WhatIsParkedAlreadyIsNotListedTwice) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 3);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  ASSERT_EQ(holder->Take(3).size(), 3u);
  ASSERT_TRUE(holder->Park(1, "first").ok());
  auto outcome = StartReplay(harness, 0, 2);
  EXPECT_THAT(holder->Take(2), ElementsAre(Got{"device", 1, 1, "r1"}, Got{"device", 2, 1, "r1"}));
  ASSERT_TRUE(holder->Settle(Replayed(1, Settlement::Action::kPark)).ok());
  ASSERT_TRUE(holder->Settle(Replayed(2, Settlement::Action::kPark)).ok());
  EXPECT_EQ(outcome.get()->parked, 2u) << "both are in the list";
  ASSERT_TRUE(holder->Park(2, "in its course").ok());
  harness.Restart();
  const std::vector<ParkedRow> parked = Parked(harness);
  ASSERT_EQ(parked.size(), 2u);
  EXPECT_EQ(parked[0].cursor, Cursor(1));
  EXPECT_EQ(parked[0].reason, "first");
  EXPECT_EQ(parked[1].cursor, Cursor(2));
  EXPECT_EQ(harness.Get("c").parked_events, 2u);
}

// KurrentDB #3449: the checkpoint stood still where nothing was left to acknowledge.
TEST(ConsumerReportsTest, KurrentDb3449ThePositionPassesOverWhatIsFilteredAndTrimmed) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10, "presence");
  ConsumerConfig config = OfDevice();
  config.types = {"message"};
  harness.Create(config);
  {
    const auto holder = harness.Hold("c");
    EXPECT_EQ(holder->TakeAll().size(), 0u);
  }
  harness.Restart();
  EXPECT_EQ(harness.Get("c").position.cursor, Cursor(10));
  AppendNumbered(harness.log(), "device", 10, 10, "presence");
  harness.broker().Trim("device", Cursor(16));
  AppendNumbered(harness.log(), "device", 20, 1, "message");
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(1), ElementsAre(21));
  ASSERT_TRUE(holder->Ack(21).ok());
  EXPECT_EQ(harness.Get("c").position.cursor, Cursor(21));
}

// KurrentDB #4007: a consumer that was slow was dropped.
TEST(ConsumerReportsTest, KurrentDb4007ASlowConsumerIsNotDropped) {
  Limits limits;
  limits.tail_bytes_max = size_t{64} << 10;
  ConsumerHarness harness(limits);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  for (uint64_t i = 0; i < 20; ++i) AppendNumbered(harness.log(), "device", i * 100, 100, "number", 500);
  std::vector<uint64_t> cursors;
  while (cursors.size() < 2000) {
    for (const uint64_t cursor : holder->TakeCursors(1)) cursors.push_back(cursor);
    ASSERT_TRUE(holder->AckUpTo(cursors.back()).ok());
  }
  for (uint64_t i = 0; i < cursors.size(); ++i) ASSERT_EQ(cursors[i], i + 1);
}

// Redis #5774: trimming a stream forgot what its groups had acknowledged.
TEST(ConsumerReportsTest, Redis5774ATrimForgetsNoAcknowledgement) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  harness.Create(OfDevice());
  {
    const auto holder = harness.Hold("c");
    ASSERT_EQ(holder->Take(10).size(), 10u);
    ASSERT_TRUE(holder->Ack(2).ok());
    ASSERT_TRUE(holder->Ack(8).ok());
  }
  harness.broker().Trim("device", Cursor(6));
  harness.Restart();
  const auto holder = harness.Hold("c");
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  const HolderDelivery gap = holder->NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<HolderGap>(gap));
  EXPECT_EQ(std::get<HolderGap>(gap).gap.event_count, 4u) << "1, 3, 4 and 5";
  EXPECT_THAT(holder->TakeCursors(4), ElementsAre(6, 7, 9, 10)) << "not 8";
}

// Apache Pinot #19359: an expired position jumped to the latest event.
TEST(ConsumerReportsTest, Pinot19359AnExpiredPositionNeverJumpsToTheLatest) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  harness.Create(OfDevice());
  ConsumerConfig strict = OfDevice("strict");
  strict.allow_gap = false;
  harness.Create(strict);
  harness.broker().Trim("device", Cursor(4));
  const auto holder = harness.Hold("c");
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  const HolderDelivery gap = holder->NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<HolderGap>(gap));
  EXPECT_EQ(std::get<HolderGap>(gap).gap.event_count, 3u);
  EXPECT_THAT(holder->TakeCursors(7), ElementsAre(4, 5, 6, 7, 8, 9, 10));
  EXPECT_TRUE(HasReason(harness.Hold("strict")->TakeClosed(), Reason::kCursorTrimmed));
  EXPECT_TRUE(HasReason(harness.Hold("strict")->TakeClosed(), Reason::kCursorTrimmed)) << "until it is reset";
  EXPECT_EQ(harness.Get("strict").position.cursor, Cursor());
}

TEST(ConsumerReportsTest, AHolderHearsThatWhatItNackedWasTrimmed) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 3);
  ConsumerConfig strict = OfDevice();
  strict.allow_gap = false;
  harness.Create(strict);
  const auto holder = harness.Hold("c");
  ASSERT_EQ(holder->Take(3).size(), 3u);
  ASSERT_TRUE(holder->Nack(2).ok());
  harness.broker().Trim("device", Cursor(3));
  EXPECT_TRUE(HasReason(holder->TakeClosed(), Reason::kCursorTrimmed));
}

// Liftbridge #365: positions were lost to the retention of the log that held them.
TEST(ConsumerReportsTest, Liftbridge365PositionsAreNotSubjectToRetention) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  harness.Create(OfDevice());
  {
    const auto holder = harness.Hold("c");
    ASSERT_EQ(holder->Take(10).size(), 10u);
    ASSERT_TRUE(holder->AckUpTo(10).ok());
  }
  harness.broker().Trim("device", Cursor(11));
  harness.Restart();
  EXPECT_EQ(harness.Get("c").position.cursor, Cursor(10));
  AppendNumbered(harness.log(), "device", 10, 1);
  EXPECT_THAT(harness.Hold("c")->TakeCursors(1), ElementsAre(11));
}

}  // namespace
}  // namespace playhead::broker
