// Subscriptions to many instances: the seam between history and live events, resuming, gaps, and the instances they
// select.
#include "broker/read/many_subscription.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/read/many_delivery.h"
#include "broker/read/store_position_token.h"
#include "proto/errors.h"
#include "tests/storage/name_selector.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/seed.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using storage::NameSelector;
using storage::PrefixSelector;
using storage::StorePosition;
using testing::BrokerCore;

// Takes deliveries one at a time, on the test's thread. Its destructor cancels the subscription.
class ManyPuller {
 public:
  ManyPuller(const Core& core, ManySubscriptionRequest request)
      : subscription_(ManySubscription::Start(core, std::move(request))) {}
  ~ManyPuller() { subscription_->Cancel(); }

  std::future<ManyDelivery> Ask() {
    auto promise = std::make_shared<std::promise<ManyDelivery>>();
    auto future = promise->get_future();
    const bool asked =
        subscription_->Next([promise](ManyDelivery delivery) { promise->set_value(std::move(delivery)); });
    if (!asked) promise->set_value(Closed{absl::CancelledError("cancelled")});
    return future;
  }
  ManyDelivery Next() { return Ask().get(); }
  // The next delivery that is not a heartbeat.
  ManyDelivery NextThatMatters() {
    for (;;) {
      ManyDelivery delivery = Next();
      if (!std::holds_alternative<ManyHeartbeat>(delivery)) return delivery;
    }
  }
  ManySubscription& subscription() { return *subscription_; }

 private:
  const std::shared_ptr<ManySubscription> subscription_;
};

std::shared_ptr<const storage::InstanceSelector> Prefix(std::string prefix) {
  return std::make_shared<PrefixSelector>(std::move(prefix));
}

// Small enough that one run goes through storage, the tail, its eviction and the head.
Limits SmallLimits() {
  Limits limits;
  limits.delivery_bytes_max = 4096;
  limits.delivery_bytes_free = 2048;
  limits.tail_bytes_max = 16384;
  return limits;
}

// Appends to several instances at once while readers of all of them, of a prefix and of a list connect and disconnect.
class ManySeamRun {
 public:
  static constexpr int kInstances = 3;

  ManySeamRun(BrokerCore& broker, std::string run, uint64_t seed)
      : broker_(broker), run_(std::move(run)), random_(seed) {}

  void Check() {
    before_ = broker_.log().head_position();
    last_ = 1 + random_.Below(60);
    std::vector<std::thread> threads;
    for (int i = 0; i < kInstances; ++i) threads.emplace_back([this, i] { Append(Name(i)); });
    std::vector<std::string> names;
    for (int i = 0; i < kInstances; ++i) names.push_back(Name(i));
    const uint64_t seed = random_.Below(1'000'000);
    threads.emplace_back([this, seed] { Read(Prefix(run_), seed); });
    threads.emplace_back([this, seed, names] { Read(std::make_shared<NameSelector>(names), seed + 1); });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  std::string Name(int i) const { return absl::StrCat(run_, i); }

  void Append(const std::string& name) {
    testing::Random random(last_ + name.size());
    for (uint64_t first = 1; first <= last_;) {
      const uint64_t count = std::min(last_ - first + 1, 1 + random.Below(10));
      testing::AppendNumbered(broker_.log(), name, first, count, "number", 100);
      first += count;
    }
  }

  void Read(std::shared_ptr<const storage::InstanceSelector> selector, uint64_t seed) {
    testing::Random random(seed);
    std::map<std::string, uint64_t> reached;
    StorePosition position = before_;
    uint64_t total = 0;
    bool caught_up = false;
    while (total < kInstances * last_ || !caught_up) {
      ManyPuller puller(broker_.core(), {.instances = selector, .start = AfterPosition{position}});
      caught_up = false;
      ASSERT_EQ(std::get<ManyStarted>(puller.Next()).position, position);
      while (total < kInstances * last_ || !caught_up) {
        const ManyDelivery delivery = puller.NextThatMatters();
        if (const auto* const said = std::get_if<ManyCaughtUp>(&delivery)) {
          ASSERT_FALSE(caught_up);
          caught_up = true;
          ASSERT_GE(said->position, position);
          position = said->position;
        } else {
          const auto* const closed = std::get_if<Closed>(&delivery);
          ASSERT_EQ(closed, nullptr) << closed->status;
          ASSERT_TRUE(std::holds_alternative<ManyEvents>(delivery)) << delivery.index();
          const auto& events = std::get<ManyEvents>(delivery);
          ASSERT_GT(events.position, position);
          position = events.position;
          for (const EventView& event : testing::EventsIn(events.slices)) {
            ASSERT_EQ(event.cursor, ++reached[events.instance->name()]) << events.instance->name();
            ++total;
          }
          ASSERT_EQ(events.last.value(), reached[events.instance->name()]);
        }
        if (random.OneIn(20)) break;  // The connection is lost; the reader resumes after what it has taken.
      }
    }
  }

  BrokerCore& broker_;
  const std::string run_;
  testing::Random random_;
  StorePosition before_;
  uint64_t last_ = 0;
};

TEST(ManySubscriptionTest, WhatIsErasedAfterItWasReadComesAsAStub) {
  Limits limits;
  limits.tail_bytes_max = 1;  // Everything is read from storage, in one slice.
  BrokerCore broker(limits);
  constexpr uint64_t kRounds = 5;
  std::vector<Cursor> cursors;
  for (uint64_t i = 1; i <= kRounds; ++i) {
    cursors.push_back(testing::AppendNumbered(broker.log(), "a0", i, 1));
    testing::AppendNumbered(broker.log(), "a1", i, 1);
  }
  ManyPuller puller(broker.core(), {.instances = Prefix("a"), .start = FromBeginning{}});
  ASSERT_TRUE(std::holds_alternative<ManyStarted>(puller.Next()));
  const auto first = std::get<ManyEvents>(puller.Next());
  EXPECT_EQ(testing::EventsIn(first.slices)[0].data, "1");
  const auto erasure = testing::Await<storage::ErasureInfo>(
      [&](auto done) { broker.log().erasures().Start({.instances = {"a0"}, .cursors = cursors}, std::move(done)); });
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  std::map<std::string, uint64_t> taken = {{"a0", 1}};
  while (taken["a0"] < kRounds || taken["a1"] < kRounds) {
    const ManyDelivery delivery = puller.NextThatMatters();
    const auto* const events = std::get_if<ManyEvents>(&delivery);
    ASSERT_NE(events, nullptr);
    const std::string& name = events->instance->name();
    for (const EventView& event : testing::EventsIn(events->slices)) {
      EXPECT_EQ(event.cursor, ++taken[name]);
      EXPECT_EQ(event.type == kErasedEventType, name == "a0");
    }
  }
}

TEST(ManySubscriptionTest, EveryReaderOfManyGetsEveryEventOnceAndInOrderOfItsInstance) {
  constexpr int kRuns = 300;
  BrokerCore broker(SmallLimits());
  const uint64_t seed = testing::TestSeed();
  for (int i = 0; i < kRuns && !::testing::Test::HasFailure(); ++i) {
    ManySeamRun(broker, absl::StrCat("run-", i, "-"), seed + static_cast<uint64_t>(i)).Check();
  }
  while (broker.delivery_budget().in_use() != 0) std::this_thread::yield();  // Reads in flight give their memory back.
}

TEST(ManySubscriptionTest, NewInstancesJoinByThemselvesAndOthersStayOut) {
  BrokerCore broker;
  ManyPuller puller(broker.core(), {.instances = Prefix("a"), .start = FromNow{}});
  EXPECT_TRUE(std::holds_alternative<ManyStarted>(puller.Next()));
  EXPECT_TRUE(std::holds_alternative<ManyCaughtUp>(puller.NextThatMatters()));
  testing::AppendNumbered(broker.log(), "b", 1, 1);
  testing::AppendNumbered(broker.log(), "a-new", 1, 2);
  const ManyDelivery delivery = puller.NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<ManyEvents>(delivery));
  EXPECT_EQ(std::get<ManyEvents>(delivery).instance->name(), "a-new");
  EXPECT_EQ(std::get<ManyEvents>(delivery).event_count, 2u);
}

TEST(ManySubscriptionTest, TrimmedHistoryIsACountedGapOfItsInstance) {
  BrokerCore broker;
  testing::AppendNumbered(broker.log(), "a", 1, 10);
  testing::AppendNumbered(broker.log(), "b", 1, 10);
  broker.Trim("a", Cursor(8));
  ManyPuller puller(broker.core(), {.instances = Prefix(""), .start = AfterPosition{}, .allow_gap = true});
  EXPECT_TRUE(std::holds_alternative<ManyStarted>(puller.Next()));
  const ManyDelivery gap = puller.NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<ManyGap>(gap));
  EXPECT_EQ(std::get<ManyGap>(gap).instance->name(), "a");
  EXPECT_EQ(std::get<ManyGap>(gap).after, Cursor());
  EXPECT_EQ(std::get<ManyGap>(gap).last, Cursor(7));
  EXPECT_EQ(std::get<ManyGap>(gap).event_count, 7u);
  const ManyDelivery rest = puller.NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<ManyEvents>(rest));
  EXPECT_EQ(std::get<ManyEvents>(rest).event_count, 3u);
}

TEST(ManySubscriptionTest, WithoutAllowGapTrimmedHistoryEndsItAndTheBeginningIsNoError) {
  BrokerCore broker;
  testing::AppendNumbered(broker.log(), "a", 1, 10);
  broker.Trim("a", Cursor(8));
  ManyPuller resumed(broker.core(), {.instances = Prefix(""), .start = AfterPosition{}});
  EXPECT_TRUE(std::holds_alternative<ManyStarted>(resumed.Next()));
  const ManyDelivery closed = resumed.NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<Closed>(closed));
  EXPECT_TRUE(HasReason(std::get<Closed>(closed).status, Reason::kCursorTrimmed)) << std::get<Closed>(closed).status;
  ManyPuller fresh(broker.core(), {.instances = Prefix(""), .start = FromBeginning{}});
  EXPECT_TRUE(std::holds_alternative<ManyStarted>(fresh.Next()));
  const ManyDelivery kept = fresh.NextThatMatters();
  ASSERT_TRUE(std::holds_alternative<ManyEvents>(kept));
  EXPECT_EQ(std::get<ManyEvents>(kept).event_count, 3u);
}

TEST(ManySubscriptionTest, APositionBeyondTheHeadIsRefused) {
  BrokerCore broker;
  testing::AppendNumbered(broker.log(), "a", 1, 1);
  StorePosition beyond = broker.log().head_position();
  beyond.commit = storage::CommitPosition(beyond.commit.value() + 1);
  ManyPuller puller(broker.core(), {.instances = Prefix(""), .start = AfterPosition{beyond}});
  const ManyDelivery closed = puller.Next();
  ASSERT_TRUE(std::holds_alternative<Closed>(closed));
  EXPECT_TRUE(HasReason(std::get<Closed>(closed).status, Reason::kCursorDiverged));
}

TEST(ManySubscriptionTest, WhoIsCalledMayLetGoOfTheLastReference) {
  BrokerCore broker;
  std::shared_ptr<ManySubscription> subscription =
      ManySubscription::Start(broker.core(), {.instances = Prefix(""), .start = FromNow{}});
  const std::weak_ptr<ManySubscription> watched = subscription;
  subscription->Close(MakeError(Reason::kShuttingDown, "stopping"));
  ManySubscription& called = *subscription;
  EXPECT_TRUE(called.Next([last = std::move(subscription)](ManyDelivery) mutable { last = nullptr; }));
  while (!watched.expired()) std::this_thread::yield();  // Its start may still be in progress.
}

TEST(ManySubscriptionTest, PositionsAsTextComeBackAndWhatIsNoneIsRefused) {
  BrokerCore broker;
  BrokerCore other;
  const StorePosition position{storage::CommitPosition(7), storage::InstanceNumber(3), Cursor(2, 9)};
  const std::string text = EncodeStorePosition(broker.log().store_id(), position);
  EXPECT_EQ(*DecodeStorePosition(broker.log().store_id(), text), position);
  EXPECT_TRUE(HasReason(DecodeStorePosition(other.log().store_id(), text).status(), Reason::kCursorDiverged));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(DecodeStorePosition(broker.log().store_id(), damaged).ok()) << i;
  }
  for (const char* none : {"", "pos_", "17", "evt_00000000000000000000000000"}) {
    EXPECT_TRUE(HasReason(DecodeStorePosition(broker.log().store_id(), none).status(), Reason::kPositionInvalid))
        << none;
  }
}

}  // namespace
}  // namespace playhead::broker
