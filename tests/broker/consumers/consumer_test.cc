// A consumer of one instance over a real store: what it delivers, settles and stores.
#include "broker/consumers/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "proto/errors.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/fault_file_system.h"

namespace playhead::broker {
namespace {

using testing::AppendNumbered;
using testing::ConsumerHarness;
using ::testing::ElementsAre;
using testing::Got;
using ::testing::IsEmpty;
using testing::OfDevice;
using testing::TestHolder;

TEST(ConsumerTest, DeliversFromWhereItStartsAndGoesOnLive) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 3);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  const HolderDelivery opened = holder->Next();
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(opened));
  EXPECT_EQ(std::get<HolderOpened>(opened).in_flight_max, 1000u);
  EXPECT_THAT(holder->TakeCursors(3), ElementsAre(1, 2, 3));
  AppendNumbered(harness.log(), "device", 3, 2);
  EXPECT_THAT(holder->Take(2), ElementsAre(Got{"device", 4}, Got{"device", 5}));
}

// However often heartbeats are due, and however long the instance takes to open.
TEST(ConsumerTest, NothingComesBeforeItIsOpened) {
  Limits limits;
  limits.heartbeat_interval = limits.progress_interval = absl::Nanoseconds(1);
  ConsumerHarness harness(limits);
  harness.Create(OfDevice());
  harness.Restart();
  const auto holder = harness.Hold("c");
  EXPECT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  while (!std::holds_alternative<HolderHeartbeat>(holder->Next())) continue;
}

TEST(ConsumerTest, WhatIsConfirmedDoesNotComeAgainAndTheRestDoes) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  harness.Create(OfDevice());
  {
    const auto holder = harness.Hold("c");
    EXPECT_EQ(holder->Take(10).size(), 10u);
    ASSERT_TRUE(holder->AckUpTo(3).ok());
    ASSERT_TRUE(holder->Ack(5).ok());
  }
  EXPECT_THAT(harness.Hold("c")->TakeCursors(6), ElementsAre(4, 6, 7, 8, 9, 10)) << "another holder";
  harness.Restart();
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(6), ElementsAre(4, 6, 7, 8, 9, 10)) << "and another broker";
  ASSERT_TRUE(holder->AckUpTo(10).ok());
  EXPECT_EQ(harness.Get("c").position.cursor, storage::Cursor(10));
  EXPECT_EQ(harness.Get("c").unsettled_events, 0u);
  EXPECT_EQ(harness.Get("c").lag.events, 0u);
}

TEST(ConsumerTest, ANackedEventComesAgainBeforeLaterOnesAreHandedOver) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 3);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(3), ElementsAre(1, 2, 3));
  ASSERT_TRUE(holder->Nack(2).ok());
  AppendNumbered(harness.log(), "device", 3, 1);
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 2, 2}));
  ASSERT_TRUE(holder->Ack(2).ok());
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 4}));
  EXPECT_TRUE(holder->Ack(1).ok()) << "what was in flight stays in flight";
}

TEST(ConsumerTest, WhatAHolderDoesNotHaveItCannotSettle) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  EXPECT_EQ(holder->Take(2).size(), 2u);
  EXPECT_TRUE(holder->Ack(1).ok());
  EXPECT_TRUE(HasReason(holder->Ack(1), Reason::kNotHeld)) << "settled";
  EXPECT_TRUE(HasReason(holder->Ack(3), Reason::kNotHeld)) << "never handed over";
  EXPECT_TRUE(HasReason(holder->Nack(2, "", absl::Hours(13)), Reason::kSettlementInvalid));
  EXPECT_TRUE(holder->Ack(2).ok());
}

TEST(ConsumerTest, AnExclusiveConsumerIsTakenOverCleanly) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  harness.Create(OfDevice());
  const auto first = harness.Hold("c");
  EXPECT_EQ(first->Take(2).size(), 2u);
  ASSERT_TRUE(first->Ack(1).ok());
  EXPECT_TRUE(HasReason(harness.consumers().Open(nullptr, "c", {}).status(), Reason::kConsumerBusy));
  const auto second = harness.Hold("c", {.take_over = true});
  EXPECT_TRUE(HasReason(first->TakeClosed(), Reason::kConsumerTakenOver));
  EXPECT_TRUE(HasReason(first->Ack(2), Reason::kNotHeld)) << "what it still says is refused";
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"device", 2, 2}));
}

TEST(ConsumerTest, InFlightIsBounded) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  ConsumerConfig config = OfDevice();
  config.in_flight_max = 4;
  harness.Create(config);
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(4), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(harness.Get("c").in_flight, 4u);
  auto next = holder->Ask();
  EXPECT_EQ(harness.Get("c").pause, ConsumerPause::kInFlight);
  ConsumerFigures figures = harness.consumers().Figures();
  EXPECT_EQ(figures.consumers[static_cast<size_t>(ConsumerPause::kInFlight)], 1u);
  EXPECT_EQ(figures.holders, 1u);
  EXPECT_EQ(figures.in_flight, 4u);
  ASSERT_TRUE(holder->AckUpTo(2).ok());
  EXPECT_EQ(std::get<HeldEvents>(holder->NextThatMatters(std::move(next))).event_count, 2u);
  figures = harness.consumers().Figures();
  EXPECT_EQ(figures.acknowledged, 2u);
  EXPECT_EQ(figures.redelivered, 0u);
}

TEST(ConsumerTest, WhatIsErasedWhileItWaitsForAHolderComesAsAStub) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  ConsumerConfig config = OfDevice();
  config.in_flight_max = 4;
  harness.Create(config);
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(4), ElementsAre(1, 2, 3, 4));
  auto next = holder->Ask();  // All are read and the consumer is full: the rest waits.
  storage::ErasureRequest request{.instances = {"device"}};
  for (uint64_t cursor = 1; cursor <= 10; ++cursor) request.cursors.push_back(storage::Cursor(cursor));
  const auto erasure = testing::Await<storage::ErasureInfo>(
      [&](auto done) { harness.log().erasures().Start(std::move(request), std::move(done)); });
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  ASSERT_TRUE(holder->AckUpTo(4).ok());
  const auto held = std::get<HeldEvents>(holder->NextThatMatters(std::move(next)));
  EXPECT_EQ(held.event_count, 4u);
  for (const EventView& event : testing::EventsIn(held.slices)) {
    EXPECT_EQ(event.type, kErasedEventType) << event.cursor;
  }
}

TEST(ConsumerTest, WithManualCreditEventsComeOnlyForCredit) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 10);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c", {.manual_credit = true});
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  auto next = holder->Ask();
  holder->holder().AddCredit(3);
  EXPECT_EQ(std::get<HeldEvents>(holder->NextThatMatters(std::move(next))).event_count, 3u);
  holder->holder().AddCredit(1);
  EXPECT_THAT(holder->TakeCursors(1), ElementsAre(4));
}

TEST(ConsumerTest, APoisonEventIsParkedOnceAndTheNextOneComes) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  ConsumerConfig config = OfDevice();
  config.attempts_max = 3;
  config.in_flight_max = 1;
  harness.Create(config);
  const auto holder = harness.Hold("c");
  for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 1, attempt}));
    ASSERT_TRUE(holder->Nack(1, "cannot be handled").ok());
  }
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"device", 2}));
  ASSERT_TRUE(holder->Ack(2).ok());
  EXPECT_EQ(harness.Get("c").parked_events, 1u);
  EXPECT_EQ(harness.Get("c").unsettled_events, 0u);
}

TEST(ConsumerTest, WhatMayOvertakeComesBehindWhatComesAgainAndDoesNotWaitForIt) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 4);
  ConsumerConfig config = OfDevice();
  config.overtake = true;
  harness.Create(config);
  {
    const auto holder = harness.Hold("c");
    EXPECT_THAT(holder->TakeCursors(4), ElementsAre(1, 2, 3, 4));
    ASSERT_TRUE(holder->Ack(2).ok());
    ASSERT_TRUE(holder->Nack(3).ok());
  }
  AppendNumbered(harness.log(), "device", 4, 1);
  harness.Restart();
  const auto holder = harness.Hold("c");
  EXPECT_THAT(holder->TakeCursors(4), ElementsAre(1, 3, 4, 5)) << "1, 3 and 4 are still unsettled";
  AppendNumbered(harness.log(), "device", 5, 1);
  EXPECT_THAT(holder->TakeCursors(1), ElementsAre(6));
}

TEST(ConsumerTest, AFullParkedListHoldsNothingBackWhereEventsMayOvertake) {
  constexpr int kEvents = static_cast<int>(broker::kOvertakenParkedMax) + 20;
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, kEvents);
  ConsumerConfig config = OfDevice();
  config.overtake = true;
  harness.Create(config);
  const auto holder = harness.Hold("c");
  EXPECT_EQ(holder->Take(kEvents).size(), size_t{kEvents});
  for (uint64_t cursor = 1; cursor <= kEvents; ++cursor) ASSERT_TRUE(holder->Park(cursor, "poison").ok());
  EXPECT_EQ(harness.Get("c").parked_events, broker::kOvertakenParkedMax);
  EXPECT_EQ(harness.Get("c").unsettled_events, 0u);
  AppendNumbered(harness.log(), "device", kEvents, 1);
  EXPECT_EQ(holder->Take(1).size(), 1u);
}

TEST(ConsumerTest, NamesOfSessionsAreTheBrokersOwn) {
  ConsumerHarness harness;
  harness.Create(OfDevice("a"));
  harness.Create(OfDevice("session.x"));
  const auto names = [&](const std::string& prefix) {
    std::promise<std::vector<std::string>> promise;
    harness.consumers().List(nullptr, prefix, "", 10, [&](absl::StatusOr<std::vector<ConsumerInfo>> infos) {
      std::vector<std::string> found;
      for (const ConsumerInfo& info : *infos) found.push_back(info.config.name);
      promise.set_value(found);
    });
    return promise.get_future().get();
  };
  EXPECT_THAT(names(""), ElementsAre("a"));
  EXPECT_THAT(names("session."), ElementsAre("session.x"));
  const auto anybody = std::make_shared<broker::Caller>([] { return absl::Now(); });
  absl::Status refused;
  harness.consumers().Create(anybody, OfDevice("session.y"), broker::StartPosition(broker::FromBeginning()),
                             [&](auto created) { refused = created.status(); });
  EXPECT_TRUE(HasReason(refused, Reason::kConsumerInvalid));
}

TEST(ConsumerTest, AStartForTheOtherKindOfSourceIsNoPosition) {
  ConsumerHarness harness;
  EXPECT_TRUE(HasReason(harness.TryCreate(OfDevice(), AfterPosition{}), Reason::kPositionInvalid));
  ConsumerConfig many = OfDevice();
  many.source = {ConsumerSource::Kind::kAll, ""};
  EXPECT_TRUE(
      HasReason(harness.TryCreate(many, StartPosition(AfterCursor{storage::Cursor(1)})), Reason::kPositionInvalid));
}

TEST(ConsumerTest, OneOfTheSameConfigurationIsFoundAndStays) {
  ConsumerHarness harness;
  AppendNumbered(harness.log(), "device", 0, 2);
  harness.Create(OfDevice());
  const auto holder = harness.Hold("c");
  EXPECT_EQ(holder->Take(2).size(), 2u);
  ASSERT_TRUE(holder->AckUpTo(2).ok());
  EXPECT_TRUE(harness.TryCreate(OfDevice()).ok());
  EXPECT_EQ(harness.Get("c").position.cursor, storage::Cursor(2));
  ConsumerConfig other = OfDevice();
  other.shared = true;
  EXPECT_TRUE(HasReason(harness.TryCreate(other), Reason::kConsumerExists));
}

class ConsumerFaultTest : public ::testing::Test {
 protected:
  ConsumerFaultTest() {
    AppendNumbered(harness_.log(), "device", 0, 2);
    harness_.Create(OfDevice());
  }

  // From now on no write succeeds; begins to delete the consumer, and waits until that has met it.
  std::future<absl::Status> DeleteWithABrokenDisk() {
    faults_.files->FailFrom(testing::FaultFileSystem::Operation::kWrite, ".log", 0,
                            rocksdb::IOStatus::IOError("the disk is broken"));
    const auto deleted = std::make_shared<std::promise<absl::Status>>();
    harness_.consumers().Delete(nullptr, "c",
                                [deleted](absl::Status status) { deleted->set_value(std::move(status)); });
    while (harness_.log().CheckTakesAppends().ok()) std::this_thread::yield();
    return deleted->get_future();
  }

  testing::FaultEnv faults_;
  ConsumerHarness harness_{Limits(), "", faults_.env.get()};
};

TEST_F(ConsumerFaultTest, ADeletionGoesOnUntilTheDiskTakesItAndTheNextOfTheNameWaitsForIt) {
  std::future<absl::Status> deleted = DeleteWithABrokenDisk();
  EXPECT_TRUE(HasReason(harness_.consumers().Open(nullptr, "c", {}).status(), Reason::kConsumerNotFound));
  std::future<absl::Status> created = std::async(std::launch::async, [this] { return harness_.TryCreate(OfDevice()); });
  faults_.files->Heal();
  EXPECT_TRUE(deleted.get().ok());
  EXPECT_TRUE(created.get().ok());
  EXPECT_THAT(harness_.Hold("c")->TakeCursors(2), ElementsAre(1, 2));
  harness_.Restart();
  EXPECT_THAT(harness_.Hold("c")->TakeCursors(2), ElementsAre(1, 2));
}

TEST_F(ConsumerFaultTest, AStopEndsADeletionThatTheDiskDoesNotTake) {
  std::future<absl::Status> deleted = DeleteWithABrokenDisk();
  harness_.consumers().Stop(absl::InfiniteFuture());
  ASSERT_EQ(deleted.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_FALSE(deleted.get().ok());
  faults_.files->Heal();
  harness_.Restart();
  EXPECT_THAT(harness_.Hold("c")->TakeCursors(2), ElementsAre(1, 2)) << "it was not deleted";
}

}  // namespace
}  // namespace playhead::broker
