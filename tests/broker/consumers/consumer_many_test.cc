// A consumer of many instances over a real store, and how the events of one instance affect those of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "broker/consumers/consumer_registry.h"
#include "proto/errors.h"
#include "storage/backup/restore.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::AppendNumbered;
using testing::Await;
using testing::AwaitStatus;
using testing::ConsumerHarness;
using ::testing::ElementsAre;
using testing::Got;
using ::testing::IsEmpty;
using testing::TestHolder;
using ::testing::UnorderedElementsAre;

class ConsumerManyTest : public ::testing::Test {
 protected:
  // Of all instances that are there, and those to come.
  static ConsumerConfig OfAll(uint32_t in_flight_max = 1000, bool shared = false) {
    ConsumerConfig config;
    config.name = "c";
    config.source.kind = ConsumerSource::Kind::kAll;
    config.in_flight_max = in_flight_max;
    config.shared = shared;
    return config;
  }

  void Append(const std::string& instance, uint64_t count = 1) { AppendNumbered(harness_.log(), instance, 0, count); }

  absl::Status Ack(TestHolder& holder, const Got& got) {
    return holder.Settle({.instance = harness_.broker().Open(got.instance)->number(),
                          .first = Cursor(got.cursor),
                          .last = Cursor(got.cursor)});
  }

  // Deletes an instance, as the broker does.
  void Delete(const std::string& name) {
    const auto instance = harness_.broker().Open(name);
    harness_.broker().Delete(name);
    ASSERT_TRUE(
        AwaitStatus([&](auto done) { harness_.consumers().OnInstanceDeleted(instance, std::move(done)); }).ok());
  }

  std::optional<Cursor> OldestNeeded(const std::string& name) {
    const auto instance = harness_.broker().Open(name);
    return *Await<std::optional<Cursor>>(
        [&](auto done) { harness_.consumers().OldestNeeded(instance, std::move(done)); });
  }

  bool AtHead() { return harness_.Get("c").position == harness_.log().head_position(); }

  ConsumerHarness harness_;
};

TEST_F(ConsumerManyTest, AnInstanceThatAnotherHolderHasKeepsNoOtherWaiting) {
  harness_.Create(OfAll(1000, true));
  Append("a");
  const auto first = harness_.Hold("c");
  EXPECT_THAT(first->Take(1), ElementsAre(Got{"a", 1}));
  Append("a");
  Append("b");
  const auto second = harness_.Hold("c");
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"b", 1})) << "the second of `a` waits for the first";
  ASSERT_TRUE(Ack(*first, {"a", 1}).ok());
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"a", 2})) << "whoever asks";
  Append("a");
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"a", 3}));
}

TEST_F(ConsumerManyTest, WhatAHolderThatGoesHadComesToAnotherBeforeWhatWaitedForIt) {
  harness_.Create(OfAll(1000, true));
  Append("a");
  auto first = harness_.Hold("c");
  EXPECT_THAT(first->Take(1), ElementsAre(Got{"a", 1}));
  Append("a");
  Append("b");
  const auto second = harness_.Hold("c");
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"b", 1}));
  first.reset();
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"a", 1, 2}));
  ASSERT_TRUE(Ack(*second, {"a", 1}).ok());
  EXPECT_THAT(second->Take(1), ElementsAre(Got{"a", 2}));
}

TEST_F(ConsumerManyTest, ThePositionGoesOnBehindWhatIsUnsettled) {
  harness_.Create(OfAll());
  Append("a");
  Append("b", 5);
  {
    const auto holder = harness_.Hold("c");
    EXPECT_EQ(holder->Take(6).size(), 6u);
    for (uint64_t cursor = 1; cursor <= 5; ++cursor) ASSERT_TRUE(Ack(*holder, {"b", cursor}).ok());
    EXPECT_TRUE(AtHead());
    EXPECT_EQ(harness_.Get("c").unsettled_events, 1u);
  }
  harness_.Restart();
  EXPECT_THAT(harness_.Hold("c")->TakeAll(), ElementsAre(Got{"a", 1, 2}));
}

// Once the names of instances were forgotten whose events had been read ahead when the state was written: nobody could
// read what was unsettled of them after a restart.
TEST_F(ConsumerManyTest, WhatIsUnsettledOfManyInstancesComesAfterARestart) {
  constexpr size_t kInstances = 30;
  harness_.Create(OfAll(2));
  for (size_t i = 0; i < kInstances; ++i) Append(absl::StrCat("i-", i));
  // One is settled at a time, which is a write, while the next one is read ahead.
  std::set<std::string> acked;
  for (int round = 0; round < 2; ++round) {
    {
      const auto holder = harness_.Hold("c");
      while (acked.size() < (round == 0 ? kInstances / 2 : kInstances)) {
        const std::vector<Got> got = holder->Take(1);
        ASSERT_EQ(got.size(), 1u) << "its stream was closed";
        ASSERT_TRUE(Ack(*holder, got[0]).ok());
        EXPECT_TRUE(acked.insert(got[0].instance).second) << got[0].instance;
      }
    }
    harness_.Restart();
  }
}

TEST_F(ConsumerManyTest, AttemptsAndOrderOfSeveralInstancesOutliveTheBroker) {
  harness_.Create(OfAll());
  Append("a", 4);
  Append("b", 3);
  {
    const auto holder = harness_.Hold("c");
    EXPECT_EQ(holder->Take(7).size(), 7u);
    ASSERT_TRUE(Ack(*holder, {"a", 1}).ok());
    ASSERT_TRUE(Ack(*holder, {"a", 3}).ok());
    ASSERT_TRUE(Ack(*holder, {"b", 2}).ok());
  }
  harness_.Restart();
  EXPECT_EQ(harness_.Get("c").unsettled_events, 4u);
  EXPECT_EQ(harness_.Get("c").exception_ranges, 4u);
  EXPECT_THAT(harness_.Hold("c")->TakeAll(),
              UnorderedElementsAre(Got{"a", 2, 2}, Got{"a", 4, 2}, Got{"b", 1, 2}, Got{"b", 3, 2}));
}

TEST_F(ConsumerManyTest, ADeletedInstanceIsForgottenWithAllThatWaitsOrIsParked) {
  harness_.Create(OfAll());
  Append("a", 3);
  Append("b", 2);
  const auto holder = harness_.Hold("c");
  EXPECT_EQ(holder->Take(5).size(), 5u);
  const storage::InstanceNumber deleted = harness_.broker().Open("a")->number();
  ASSERT_TRUE(
      holder->Settle({.instance = deleted, .first = Cursor(1), .last = Cursor(1), .action = Settlement::Action::kPark})
          .ok());
  ASSERT_TRUE(holder
                  ->Settle({.instance = deleted,
                            .first = Cursor(2),
                            .last = Cursor(2),
                            .action = Settlement::Action::kNack,
                            .delay = absl::Hours(1)})
                  .ok());
  EXPECT_EQ(harness_.Get("c").parked_events, 1u);
  Delete("a");
  EXPECT_EQ(harness_.Get("c").parked_events, 0u);
  EXPECT_EQ(harness_.Get("c").in_flight, 2u) << "those of `b`";
  EXPECT_TRUE(HasReason(holder->Settle({.instance = deleted, .last = Cursor(3)}), Reason::kNotHeld));
  ASSERT_TRUE(Ack(*holder, {"b", 1}).ok());
  ASSERT_TRUE(Ack(*holder, {"b", 2}).ok());
  EXPECT_EQ(harness_.Get("c").unsettled_events, 0u);
  Append("a");
  const std::vector<Got> anew = holder->Take(1);
  ASSERT_EQ(anew.size(), 1u);
  EXPECT_EQ(anew[0].instance, "a");
  EXPECT_GT(anew[0].cursor, 3u) << "a cursor never means two events";
  harness_.Restart();
  EXPECT_EQ(harness_.Get("c").parked_events, 0u);
}

TEST_F(ConsumerManyTest, WhatWasReadAheadOfADeletedInstanceDoesNotCome) {
  harness_.Create(OfAll(1));
  Append("a");
  Append("b");
  Append("c");
  const auto holder = harness_.Hold("c");
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"a", 1}));
  Delete("b");
  ASSERT_TRUE(Ack(*holder, {"a", 1}).ok());
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"c", 1}));
}

TEST_F(ConsumerManyTest, OfAnInstanceThatWasDeletedWhileTheBrokerWasDownNothingComes) {
  harness_.Create(OfAll());
  Append("a", 2);
  Append("b");
  { EXPECT_EQ(harness_.Hold("c")->Take(3).size(), 3u); }
  harness_.broker().Delete("a");  // And the broker stops before its consumers hear of it.
  harness_.Restart();
  const auto holder = harness_.Hold("c");
  EXPECT_THAT(holder->TakeAll(), ElementsAre(Got{"b", 1, 2}));
  ASSERT_TRUE(Ack(*holder, {"b", 1}).ok());
  EXPECT_EQ(harness_.Get("c").unsettled_events, 0u);
}

TEST_F(ConsumerManyTest, RetentionIsToldWhatIsNeededOfEachInstance) {
  EXPECT_EQ((Append("a", 4), OldestNeeded("a")), std::nullopt) << "there is no consumer";
  harness_.Create(OfAll());
  Append("b", 2);
  EXPECT_EQ(OldestNeeded("a"), Cursor()) << "all of it has yet to come";
  const auto holder = harness_.Hold("c");
  EXPECT_EQ(holder->Take(6).size(), 6u);
  ASSERT_TRUE(Ack(*holder, {"a", 1}).ok());
  ASSERT_TRUE(Ack(*holder, {"a", 2}).ok());
  ASSERT_TRUE(Ack(*holder, {"a", 4}).ok());
  ASSERT_TRUE(Ack(*holder, {"b", 1}).ok());
  ASSERT_TRUE(Ack(*holder, {"b", 2}).ok());
  EXPECT_EQ(OldestNeeded("a"), Cursor(2)) << "the third is not settled";
  ASSERT_TRUE(Ack(*holder, {"a", 3}).ok());
  Append("b");
  EXPECT_THAT(holder->Take(1), ElementsAre(Got{"b", 3}));
  EXPECT_LE(*OldestNeeded("b"), Cursor(2));
  ASSERT_TRUE(Ack(*holder, {"b", 3}).ok());
  EXPECT_EQ(OldestNeeded("a"), Cursor(4));
  EXPECT_GE(*OldestNeeded("b"), Cursor(2)) << "at most what is of the position's own commit is kept too";
}

TEST_F(ConsumerManyTest, WhatIsTrimmedAllTheSameIsToldAndPassedOver) {
  harness_.Create(OfAll());
  Append("a", 4);
  Append("b");
  { EXPECT_EQ(harness_.Hold("c")->Take(5).size(), 5u); }
  harness_.broker().Trim("a", Cursor(3));
  const auto holder = harness_.Hold("c");
  ASSERT_TRUE(std::holds_alternative<HolderOpened>(holder->Next()));
  HolderDelivery next = holder->NextThatMatters();
  const auto* gap = std::get_if<HolderGap>(&next);
  ASSERT_NE(gap, nullptr);
  EXPECT_EQ(gap->instance->name(), "a");
  EXPECT_EQ(gap->gap.event_count, 2u);
  EXPECT_THAT(holder->TakeAll(), UnorderedElementsAre(Got{"a", 3, 2}, Got{"a", 4, 2}, Got{"b", 1, 2}));
}

TEST_F(ConsumerManyTest, ItsLagIsCounted) {
  harness_.Create(OfAll());
  Append("a", 3);
  Append("b", 4);
  EXPECT_EQ(harness_.Get("c").lag.events, 7u);
  EXPECT_EQ(harness_.Get("c").lag.kind, EventCount::Kind::kExact);
  ConsumerConfig other = OfAll();
  other.name = "of-b";
  other.source = {ConsumerSource::Kind::kPrefix, "b"};
  other.types = {"number"};
  harness_.Create(other);
  EXPECT_EQ(harness_.Get("of-b").lag.events, 4u);
  EXPECT_EQ(harness_.Get("of-b").lag.kind, EventCount::Kind::kAtMost);
  const auto holder = harness_.Hold("c");
  EXPECT_EQ(holder->TakeAll().size(), 7u);
  for (uint64_t cursor = 1; cursor <= 3; ++cursor) ASSERT_TRUE(Ack(*holder, {"a", cursor}).ok());
  for (uint64_t cursor = 1; cursor <= 4; ++cursor) ASSERT_TRUE(Ack(*holder, {"b", cursor}).ok());
  EXPECT_EQ(harness_.Get("c").lag.events, 0u);
  Append("a", 2);
  EXPECT_EQ(harness_.Get("c").lag.events, 2u);
}

TEST_F(ConsumerManyTest, AResetSaysWhatItDoesAndDoesIt) {
  harness_.Create(OfAll());
  Append("a", 3);
  const storage::StorePosition between = harness_.log().head_position();
  Append("b", 4);
  Append("a", 2);
  const auto reset = [&](ConsumerStart start, bool dry_run) {
    return *Await<ResetResult>([&](auto done) {
      harness_.consumers().Reset(nullptr, "c", std::move(start),
                                 {.dry_run = dry_run, .again_max = 100, .skipped_max = 100}, std::move(done));
    });
  };
  const auto now = ConsumerStart(StartPosition(FromNow()));
  const auto beginning = ConsumerStart(StartPosition(FromBeginning()));
  EXPECT_EQ(reset(now, true).skipped.events, 9u);
  {
    const auto holder = harness_.Hold("c");
    EXPECT_EQ(holder->Take(9).size(), 9u);
    for (uint64_t cursor = 1; cursor <= 4; ++cursor) ASSERT_TRUE(Ack(*holder, {"b", cursor}).ok());
    for (const uint64_t cursor : {1, 2, 4}) ASSERT_TRUE(Ack(*holder, {"a", cursor}).ok());
    const storage::InstanceNumber a = harness_.broker().Open("a")->number();
    for (const uint64_t cursor : {3, 5}) {
      ASSERT_TRUE(
          holder
              ->Settle(
                  {.instance = a, .first = Cursor(cursor), .last = Cursor(cursor), .action = Settlement::Action::kPark})
              .ok());
    }
  }
  ResetResult plan = reset(beginning, true);
  EXPECT_EQ(plan.again.events, 9u);
  EXPECT_EQ(plan.again.kind, EventCount::Kind::kExact);
  EXPECT_EQ(plan.unparked, 2u);
  EXPECT_FALSE(plan.one_instance);
  EXPECT_EQ(harness_.Get("c").lag.events, 0u) << "a dry run changes nothing";
  plan = reset(AfterPosition{between}, false);
  EXPECT_EQ(plan.again.events, 6u);
  EXPECT_EQ(plan.skipped.events, 0u);
  EXPECT_EQ(plan.unparked, 1u) << "3 of `a` lies before";
  EXPECT_EQ(harness_.Get("c").parked_events, 1u);
  harness_.Restart();
  EXPECT_EQ(harness_.Get("c").lag.events, 6u);
  {
    const auto holder = harness_.Hold("c");
    EXPECT_EQ(holder->TakeAll().size(), 6u);
    ASSERT_TRUE(Ack(*holder, {"a", 5}).ok());
  }
  plan = reset(now, true);
  EXPECT_EQ(plan.skipped.events, 5u) << "what was handed over and not settled";
  EXPECT_EQ(plan.again.events, 0u);
  EXPECT_EQ(reset(beginning, false).again.events, 4u) << "the others come in any case";
  EXPECT_EQ(harness_.Hold("c")->TakeAll().size(), 9u);
}

TEST_F(ConsumerManyTest, ARestoredStoreGoesOnAsItsPointSays) {
  const testing::TempDir dir;
  harness_.Create(OfAll());
  Append("a", 2);
  Append("b");
  {
    const auto holder = harness_.Hold("c");
    EXPECT_EQ(holder->Take(3).size(), 3u);
    ASSERT_TRUE(Ack(*holder, {"a", 1}).ok());
    ASSERT_TRUE(Ack(*holder, {"b", 1}).ok());
  }
  ASSERT_TRUE(AwaitStatus([&](auto done) {
                harness_.log().Backup(
                    {.dir = dir.path() + "/backup", .bytes_per_second = 0}, std::make_shared<storage::JobControl>(),
                    [](const storage::BackupProgress&) {},
                    [done = std::move(done)](absl::StatusOr<storage::BackupReport> report) mutable {
                      std::move(done)(report.status());
                    });
              }).ok());
  {
    const auto holder = harness_.Hold("c");
    EXPECT_THAT(holder->TakeAll(), ElementsAre(Got{"a", 2, 2}));
    ASSERT_TRUE(Ack(*holder, {"a", 2}).ok());
  }
  ASSERT_TRUE(storage::Restore({.backup_dir = dir.path() + "/backup", .data_dir = dir.path() + "/restored"}).ok());
  ConsumerHarness restored({}, dir.path() + "/restored");
  AppendNumbered(restored.log(), "b", 1, 1);
  const auto holder = restored.Hold("c");
  const std::vector<Got> got = holder->Take(2);
  ASSERT_EQ(got.size(), 2u);
  const Got& old = got[0].instance == "a" ? got[0] : got[1];
  EXPECT_EQ(old, (Got{"a", 2, 2})) << "it was acknowledged behind the point";
  EXPECT_EQ((got[0].instance == "a" ? got[1] : got[0]).instance, "b");
  EXPECT_THAT(holder->TakeAll(), IsEmpty()) << "and nothing else";
}

TEST_F(ConsumerManyTest, WhatIsUnsettledInThousandsOfInstancesWithLongNamesIsWritten) {
  constexpr size_t kInstances = 6'000;
  harness_.Create(OfAll(/*in_flight_max=*/kInstances));
  const auto session = harness_.log().NewAppendSession();
  absl::BlockingCounter waits(kInstances);
  const std::vector<NewEvent> event = {{.type = "t", .data = "x"}};
  for (size_t i = 0; i < kInstances; ++i) {
    session->Append(testing::MakeBatch(absl::StrCat(i, std::string(190, '.')), event), [&waits](const auto& result) {
      EXPECT_TRUE(result.ok()) << result.status();
      waits.DecrementCount();
    });
  }
  waits.Wait();
  std::vector<Got> taken;
  {
    const auto holder = harness_.Hold("c");
    taken = holder->Take(kInstances);
    ASSERT_EQ(taken.size(), kInstances);
    ASSERT_TRUE(Ack(*holder, taken.back()).ok()) << "all others are before it";
  }
  harness_.Restart();
  EXPECT_EQ(harness_.Get("c").unsettled_events, kInstances - 1);
}

// A creation that waits for the disk is ahead of the deletion, though nobody knows of the consumer yet.
TEST_F(ConsumerManyTest, AConsumerThatIsBeingMadeGoesWithItsInstance) {
  Append("gone");
  const auto instance = harness_.broker().Open("gone");
  ConsumerConfig config;
  config.name = "of-gone";
  config.source = {ConsumerSource::Kind::kInstance, "gone"};
  absl::Notification created;
  absl::Notification forgotten;
  harness_.consumers().Create(nullptr, config, StartPosition(FromBeginning()), [&created](const auto& result) {
    EXPECT_TRUE(result.ok()) << result.status();
    created.Notify();
  });
  harness_.consumers().OnInstanceDeleted(instance, [&forgotten](absl::Status status) {
    EXPECT_TRUE(status.ok()) << status;
    forgotten.Notify();
  });
  created.WaitForNotification();
  forgotten.WaitForNotification();
  EXPECT_TRUE(HasReason(harness_.consumers().Open(nullptr, "of-gone", {}).status(), Reason::kConsumerNotFound));
}

}  // namespace
}  // namespace playhead::broker
