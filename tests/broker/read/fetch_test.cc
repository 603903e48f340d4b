// How much of the broker's memory fetches hold while their replies are not read, and what a fetch returns of a damaged
// log.
#include "broker/read/fetch.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/limits.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::AppendNumbered;
using testing::BrokerCore;

constexpr size_t kMiB = size_t{1} << 20;

FetchRequest After(uint64_t cursor) {
  return {.instance = "device", .start = AfterCursor{Cursor(cursor)}, .events_max = 10'000};
}

FetchPage Take(BrokerCore& broker, uint64_t after) {
  auto page = testing::Await<FetchPage>([&](auto done) { Fetch::Start(broker.core(), After(after), std::move(done)); });
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : FetchPage();
}

size_t BytesOf(const FetchPage& page) {
  size_t bytes = 0;
  for (const storage::BlockSlice& slice : page.slices) bytes += slice.bytes.size();
  return bytes;
}

TEST(FetchTest, PagesThatAreNotTakenLeaveHalfOfTheBudgetAndLaterOnesAreShort) {
  Limits limits;
  limits.delivery_budget_bytes = 16 * kMiB;
  BrokerCore broker(limits);
  for (uint64_t i = 0; i < 6; ++i) AppendNumbered(broker.log(), "device", i * 1000 + 1, 1000, "number", 1000);
  std::vector<FetchPage> held;
  for (int i = 0; i < 50; ++i) {
    held.push_back(Take(broker, 0));
    EXPECT_LE(broker.delivery_budget().in_use(), 8 * kMiB);
  }
  EXPECT_GT(BytesOf(held.front()), 3 * kMiB);
  EXPECT_LE(BytesOf(held.back()), limits.delivery_bytes_free);

  // Though short, the pages reach the end.
  uint64_t next = 0;
  for (bool end = false; !end;) {
    const FetchPage page = Take(broker, next);
    ASSERT_GT(page.next.value(), next);
    next = page.next.value();
    end = page.end_reached;
  }
  EXPECT_EQ(next, 6000u);
  held.clear();
  EXPECT_EQ(broker.delivery_budget().in_use(), 0u);
}

TEST(FetchTest, AnEventLargerThanTheFreePartWaitsAndLeavesHalfOfTheBudget) {
  Limits limits;
  limits.delivery_budget_bytes = 8 * kMiB;
  BrokerCore broker(limits);
  AppendNumbered(broker.log(), "device", 1, 1, "large", kMiB);
  std::vector<FetchPage> held;
  for (int i = 0; i < 4; ++i) held.push_back(Take(broker, 0));
  std::promise<absl::StatusOr<FetchPage>> fifth;
  Fetch::Start(broker.core(), After(0), [&fifth](absl::StatusOr<FetchPage> page) { fifth.set_value(std::move(page)); });
  while (broker.delivery_budget().waiting() == 0) std::this_thread::yield();
  // The other half remains for streams, and no waiting fetch is ahead of them in the queue.
  EXPECT_TRUE(broker.delivery_budget().TryAcquire(4 * kMiB).has_value());
  held.pop_back();
  const auto page = fifth.get_future().get();
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->next, Cursor(1));
  EXPECT_LE(broker.delivery_budget().in_use(), 4 * kMiB);
}

TEST(FetchTest, AnEventLargerThanHalfOfTheBudgetIsFetchedToo) {
  Limits limits;
  limits.delivery_budget_bytes = storage::kEventBytesCeiling + storage::kBlockBytesTarget;
  BrokerCore broker(limits);
  AppendNumbered(broker.log(), "device", 1, 1, "large", 2 * kMiB);
  AppendNumbered(broker.log(), "device", 2, 1, "large", 2 * kMiB);
  EXPECT_EQ(Take(broker, 0).next, Cursor(1));
  EXPECT_EQ(Take(broker, 1).next, Cursor(2));
}

TEST(FetchTest, WhatIsSoundBeforeAMissingBlockIsAPageOfItsOwn) {
  storage::LogHarness harness;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(harness.Append("device", storage::MakeEvents(2)).ok());
  const storage::InstanceNumber number = harness.Get("device")->number;
  harness.Close();
  {
    auto store = storage::Store::Open(harness.options());
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->MarkCleanStop().ok());
    const auto key = storage::BlockKey(number, Cursor(6));
    ASSERT_TRUE((*store)->db()->Delete({}, (*store)->slice(1).get(), key).ok());
  }
  BrokerCore broker({}, harness.options().data_dir);
  const auto fetch = [&](FetchRequest request) {
    return testing::Await<FetchPage>(
        [&](auto done) { Fetch::Start(broker.core(), std::move(request), std::move(done)); });
  };
  for (const bool reverse : {false, true}) {
    FetchRequest request = After(0);
    request.reverse = reverse;
    const auto page = fetch(request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_FALSE(page->end_reached);
    EXPECT_EQ(page->next, Cursor(reverse ? 6 : 4));
    (reverse ? request.until : std::get<AfterCursor>(request.start).cursor) = page->next;
    const absl::Status damage = fetch(request).status();
    EXPECT_TRUE(HasReason(damage, Reason::kDataLoss)) << damage;
  }
}

}  // namespace
}  // namespace playhead::broker
