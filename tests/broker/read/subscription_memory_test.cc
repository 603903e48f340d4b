// The memory of subscribers is bounded per stream and by the budget, however slow they are.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "broker/byte_budget.h"
#include "broker/limits.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/puller.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::AppendNumbered;
using testing::BrokerCore;
using testing::Puller;
using testing::Range;

constexpr size_t kKiB = 1024;

SubscriptionRequest After(uint64_t cursor) { return {.instance = "device", .start = AfterCursor{Cursor(cursor)}}; }

TEST(SubscriptionMemoryTest, OneThatStopsPullingHoldsABoundWhileOthersRunOn) {
  Limits limits;
  limits.tail_bytes_max = 256 * kKiB;
  limits.delivery_budget_bytes = 4096 * kKiB;
  BrokerCore broker(limits);
  AppendNumbered(broker.log(), "device", 1, 100, "number", 1000);
  Puller stopped(broker.core(), After(0));
  ASSERT_TRUE(std::holds_alternative<Started>(stopped.Next()));
  Delivery held = stopped.Next();  // Like a write that never completes.
  ASSERT_TRUE(std::holds_alternative<Events>(held));

  Puller running(broker.core(), After(0));
  constexpr uint64_t kLast = 30000;
  std::thread appender([&] {
    for (uint64_t first = 101; first <= kLast; first += 100) {
      AppendNumbered(broker.log(), "device", first, std::min<uint64_t>(100, kLast + 1 - first), "number", 1000);
    }
  });
  EXPECT_EQ(running.TakeSequences(kLast), Range(1, kLast));
  appender.join();
  EXPECT_LE(broker.tail().bytes(), limits.tail_bytes_max);
  // At most two messages each of the stopped reader and of the running one.
  EXPECT_LE(broker.delivery_budget().in_use(), 4 * limits.delivery_bytes_max);

  // When it continues, nothing is missing.
  const auto& events = std::get<Events>(held);
  const uint64_t next = events.last.sequence() + 1;
  EXPECT_EQ(stopped.TakeSequences(kLast + 1 - next), Range(next, kLast));
}

TEST(SubscriptionMemoryTest, WithoutBudgetMessagesStayWithinTheFreePart) {
  Limits limits;
  limits.tail_bytes_max = 0;
  BrokerCore broker(limits);
  AppendNumbered(broker.log(), "device", 1, 1000, "number", 1000);
  const auto all = broker.delivery_budget().TryAcquire(broker.delivery_budget().bytes_max());
  ASSERT_TRUE(all.has_value());
  Puller puller(broker.core(), After(0));
  uint64_t reached = 0;
  while (reached < 1000) {
    const Delivery delivery = puller.Next();
    ASSERT_FALSE(std::holds_alternative<Closed>(delivery)) << std::get<Closed>(delivery).status;
    const auto* const events = std::get_if<Events>(&delivery);
    if (events == nullptr) continue;
    EXPECT_LE(events->bytes, limits.delivery_bytes_free);
    reached = events->last.sequence();
  }
}

TEST(SubscriptionMemoryTest, WithBudgetMessagesAreLarge) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 2000, "number", 1000);
  Puller puller(broker.core(), After(0));
  ASSERT_TRUE(std::holds_alternative<Started>(puller.Next()));
  const Delivery delivery = puller.Next();
  EXPECT_GT(std::get<Events>(delivery).bytes, 400 * kKiB);
}

TEST(SubscriptionMemoryTest, AnEventLargerThanTheFreePartWaitsForTheBudget) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "device", 1, 1, "small");
  AppendNumbered(broker.log(), "device", 2, 1, "large", 900 * kKiB);
  AppendNumbered(broker.log(), "device", 3, 1, "small");
  auto all = broker.delivery_budget().TryAcquire(broker.delivery_budget().bytes_max());
  ASSERT_TRUE(all.has_value());
  Puller puller(broker.core(), After(0));
  EXPECT_EQ(puller.TakeSequences(1), Range(1, 1));
  auto next = puller.Ask();
  while (broker.delivery_budget().waiting() == 0) std::this_thread::yield();
  all->Release();
  const Delivery delivery = next.get();
  EXPECT_EQ(std::get<Events>(delivery).last, Cursor(2));
  EXPECT_GE(broker.delivery_budget().in_use(), 800 * kKiB);
  EXPECT_EQ(puller.TakeSequences(1), Range(3, 3));
  EXPECT_EQ(broker.delivery_budget().in_use(), 0u);
}

TEST(SubscriptionMemoryTest, SparseMatchesDoNotHoldTheirBlocks) {
  Limits limits;
  limits.tail_bytes_max = 0;
  BrokerCore broker(limits);
  for (uint64_t first = 1; first < 2000; first += 100) {
    AppendNumbered(broker.log(), "device", first, 99, "noise", 600);
    AppendNumbered(broker.log(), "device", first + 99, 1, "signal", 600);
  }
  SubscriptionRequest request = After(0);
  request.filter = std::make_shared<const storage::EventFilter>(*storage::EventFilter::Make({"signal"}));
  Puller puller(broker.core(), request);
  size_t events = 0;
  while (events < 20) {
    const Delivery delivery = puller.Next();
    ASSERT_FALSE(std::holds_alternative<Closed>(delivery)) << std::get<Closed>(delivery).status;
    const auto* const some = std::get_if<Events>(&delivery);
    if (some == nullptr) continue;
    events += some->event_count;
    size_t held = 0;
    for (const storage::BlockSlice& slice : some->slices) held += slice.block->body().size();
    EXPECT_LE(held, 2 * some->bytes);
  }
}

}  // namespace
}  // namespace playhead::broker
