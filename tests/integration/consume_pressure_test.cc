// Consumers that do not keep up, and what that costs the broker, the publishers, and the consumers themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/limits.h"
#include "storage/limits.h"
#include "tests/support/batches.h"
#include "tests/support/consume_session.h"
#include "tests/support/consumers_client.h"
#include "tests/support/figures.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using testing::ConsumerOf;
using testing::ConsumersClient;
using testing::ConsumeSession;
using testing::HeldEvent;
using testing::OpenOf;
using testing::TestServer;

// What a connection does not take is then events, and no heartbeat.
broker::ServerOptions WithoutHeartbeats() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.heartbeat_interval = options.limits.progress_interval = absl::Hours(1);
  options.http_listen = "127.0.0.1:0";  // For its figures.
  return options;
}

class ConsumePressureTest : public ::testing::Test {
 protected:
  // Of all consumers.
  double CameAgain() {
    return testing::FindFigure(server_.server().http_address(), "playhead_consumer_redelivered_total").value();
  }

  TestServer server_{WithoutHeartbeats()};
  ConsumersClient consumers_{server_.channel()};
};

// nats-server #5637: consumers slowed the publishers down.
TEST_F(ConsumePressureTest, ConsumersThatDoNotSettleKeepNoPublisherWaiting) {
  constexpr int kConsumers = 20;
  constexpr uint64_t kInFlight = 10;
  std::vector<std::unique_ptr<ConsumeSession>> sessions;
  for (int i = 0; i < kConsumers; ++i) {
    v1::CreateConsumerRequest create = ConsumerOf(absl::StrCat("slow-", i), "device");
    create.mutable_config()->set_in_flight_max(kInFlight);
    sessions.push_back(std::make_unique<ConsumeSession>(server_.channel(), OpenOf(create)));
    ASSERT_TRUE(sessions.back()->AwaitOpened());
  }
  // Every append is acknowledged although no consumer ever settles anything, and none of them costs more than its
  // bound.
  for (int batch = 0; batch < 100; ++batch) AppendNumbered(server_.log(), "device", 1, 100, "number", 1000);
  for (int i = 0; i < kConsumers; ++i) {
    EXPECT_EQ(sessions[static_cast<size_t>(i)]->Take(kInFlight).size(), kInFlight);
    const v1::Consumer consumer = consumers_.Get(absl::StrCat("slow-", i));
    EXPECT_EQ(consumer.in_flight(), kInFlight);
    EXPECT_EQ(consumer.pause(), v1::CONSUMER_PAUSE_IN_FLIGHT);
  }
  // Each keeps what it read ahead, and not what it has yet to read: 10 MB.
  EXPECT_LE(server_.server().delivery_budget().in_use(), kConsumers * broker::Limits().delivery_bytes_max);
}

// KurrentDB #4007: a slow consumer was dropped. And a deadline that ran while events waited in a buffer.
TEST_F(ConsumePressureTest, WhatAClientDoesNotReadHasNoDeadlineAndABoundedCost) {
  constexpr uint64_t kEvents = 200;
  constexpr size_t kEventBytes = size_t{128} << 10;
  for (uint64_t i = 0; i < kEvents; i += 20) AppendNumbered(server_.log(), "device", i, 20, "number", kEventBytes);
  v1::CreateConsumerRequest create = ConsumerOf("stalled", "device");
  create.mutable_config()->set_ack_deadline_ms(1000);
  create.mutable_config()->set_attempts_max(0);  // However long the test takes, nothing is parked.
  ConsumeSession stalled(server_.channel(), OpenOf(create));
  ASSERT_TRUE(stalled.AwaitOpened());
  // A clock: the same event expires over and over for a consumer that reads and does not settle.
  create.mutable_config()->set_name("idle");
  create.mutable_config()->set_in_flight_max(1);
  ConsumeSession idle(server_.channel(), OpenOf(create));

  // What the connection takes has a deadline, fails and comes again; until it takes no more. The delivery that it has
  // yet to take is then held for as long as that lasts: twice the deadline, and it did not come again.
  struct State {
    uint64_t unsettled = 0;
    uint32_t in_flight = 0;
    double came_again = 0;
    bool operator==(const State&) const = default;
  };
  double idle_came_again = -1;  // What it takes first has not come before.
  State before;
  State after;
  do {
    before = after;
    ASSERT_EQ(idle.Take(2).size(), 2u);
    idle_came_again += 2;
    const v1::Consumer consumer = consumers_.Get("stalled");
    after = {consumer.unsettled_count(), consumer.in_flight(), CameAgain() - idle_came_again};
  } while (after.in_flight == 0 || after != before);
  EXPECT_LT(after.unsettled, kEvents);
  EXPECT_LE(after.in_flight, broker::Limits().delivery_bytes_max / kEventBytes);
  EXPECT_LE(server_.server().delivery_budget().in_use(), size_t{4} << 20);

  // Once it reads, it gets everything: what failed for another time.
  std::set<uint64_t> seen;
  uint64_t number = 0;
  while (seen.size() < kEvents) {
    const std::vector<HeldEvent> events = stalled.Take(1);
    ASSERT_EQ(events.size(), 1u);
    seen.insert(events[0].cursor);
    number = stalled.Ack(events[0]);
  }
  EXPECT_TRUE(stalled.AwaitConfirmed(number));
}

TEST_F(ConsumePressureTest, SettlementsThatComeFasterThanTheDiskTakesThemAreAllAnswered) {
  constexpr uint64_t kEvents = 5000;
  AppendNumbered(server_.log(), "device", 1, kEvents);
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->set_in_flight_max(10'000);
  ConsumeSession session(server_.channel(), OpenOf(create));
  const std::vector<HeldEvent> events = session.Take(kEvents);
  ASSERT_EQ(events.size(), kEvents);
  // Far more requests than the window: the broker reads them at its pace, and loses none. Answers come all at the end.
  uint64_t last = 0;
  for (const HeldEvent& event : events) last = session.Ack(event);
  EXPECT_EQ(last, kEvents);
  ASSERT_TRUE(session.AwaitConfirmed(last));
  EXPECT_TRUE(session.refused().empty());
  const v1::Consumer consumer = consumers_.Get("reader");
  EXPECT_EQ(consumer.in_flight(), 0u);
  EXPECT_EQ(consumer.position().cursor(), kEvents);
}

// Four of its events take all the memory there is for deliveries.
class ConsumeMemoryTest : public ::testing::Test {
 protected:
  static constexpr size_t kConsumers = 12;
  static constexpr size_t kEvents = 6;
  static constexpr size_t kEventBytes = size_t{700} << 10;

  ConsumeMemoryTest() {
    for (uint64_t i = 0; i < kEvents; ++i) AppendNumbered(server_.log(), "device", i, 1, "number", kEventBytes);
  }

  std::unique_ptr<ConsumeSession> Open(const v1::CreateConsumerRequest& create) {
    auto session = std::make_unique<ConsumeSession>(server_.channel(), OpenOf(create));
    EXPECT_TRUE(session->AwaitOpened());
    return session;
  }

  // Has as many sessions as there are consumers do `act`, all at once.
  void Together(const std::function<v1::CreateConsumerRequest(const std::string& name)>& config,
                const std::function<void(ConsumeSession& session)>& act) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kConsumers; ++i) {
      threads.emplace_back([&, i] { act(*Open(config(absl::StrCat("reader-", i)))); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  static broker::ServerOptions LittleMemory() {
    broker::ServerOptions options = testing::TestServerOptions();
    options.limits.delivery_budget_bytes = storage::kEventBytesCeiling + storage::kBlockBytesTarget;
    return options;
  }

  TestServer server_{LittleMemory()};
};

// What a consumer had read ahead and what it wanted to hand over used to be paid for twice: a few consumers of large
// events had all the memory in what they had read, and waited for each other's.
TEST_F(ConsumeMemoryTest, ConsumersOfLargeEventsDoNotWaitForEachOther) {
  for (const bool many : {false, true}) {
    SCOPED_TRACE(many ? "of a prefix" : "of one instance");
    const auto config = [many](const std::string& name) {
      return many ? testing::ConsumerOfPrefix("of-many-" + name, "dev") : ConsumerOf(name, "device");
    };
    Together(config, [](ConsumeSession& session) {
      for (size_t i = 0; i < kEvents; ++i) {
        const std::vector<HeldEvent> events = session.Take(1);
        ASSERT_EQ(events.size(), 1u);
        session.Ack(events[0]);
      }
    });
  }
}

TEST_F(ConsumeMemoryTest, LargeEventsThatComeAgainDoNotWaitForThoseReadAhead) {
  Together([](const std::string& name) { return ConsumerOf(name, "device"); },
           [](ConsumeSession& session) {
             std::set<uint64_t> refused;
             for (size_t acked = 0; acked < kEvents;) {
               const std::vector<HeldEvent> events = session.Take(1);
               ASSERT_EQ(events.size(), 1u);
               if (refused.insert(events[0].cursor).second) {
                 session.Nack(events[0]);
               } else {
                 session.Ack(events[0]);
                 ++acked;
               }
             }
           });
}

TEST_F(ConsumeMemoryTest, WhatNobodyMayTakeYetYieldsItsMemoryToThoseWhoWait) {
  std::vector<std::unique_ptr<ConsumeSession>> waiting;
  for (size_t i = 0; i < kConsumers; ++i) {
    v1::CreateConsumerRequest create = ConsumerOf(absl::StrCat("waiting-", i), "device");
    create.mutable_config()->set_in_flight_max(1);  // The next event is read, and comes when this one is settled.
    waiting.push_back(Open(create));
    ASSERT_EQ(waiting.back()->Take(1).size(), 1u);
  }
  const auto reader = Open(ConsumerOf("reader", "device"));
  EXPECT_EQ(reader->Take(kEvents).size(), kEvents);
}

}  // namespace
}  // namespace playhead
