// The seam between history and live under concurrent appends: no duplicate, no hole, cursor order, in thousands of
// runs. And behind a store that was reopened, which has more than the tail was told of.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/limits.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/puller.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::BrokerCore;
using testing::Puller;

// Small enough that one run goes through storage, the tail, its eviction and the head.
Limits SmallLimits() {
  Limits limits;
  limits.delivery_bytes_max = 4096;
  limits.delivery_bytes_free = 2048;
  limits.tail_bytes_max = 16384;
  return limits;
}

class SeamRun {
 public:
  SeamRun(BrokerCore& broker, std::string instance, uint64_t seed)
      : broker_(broker), instance_(std::move(instance)), random_(seed) {}

  void Check() {
    std::uniform_int_distribution<uint64_t> count(1, 60);
    const uint64_t before = count(random_);
    last_ = before + count(random_);
    testing::AppendNumbered(broker_.log(), instance_, 1, before, "number", 100);
    std::thread appender([this, before] { Append(before + 1, last_); });
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      const uint64_t start = std::uniform_int_distribution<uint64_t>(0, before)(random_);
      readers.emplace_back([this, start] { Read(start); });
    }
    appender.join();
    for (std::thread& reader : readers) reader.join();
  }

 private:
  void Append(uint64_t first, uint64_t last) {
    std::mt19937_64 random(first);
    while (first <= last) {
      const uint64_t count = std::min(last - first + 1, std::uniform_int_distribution<uint64_t>(1, 10)(random));
      testing::AppendNumbered(broker_.log(), instance_, first, count, "number", 100);
      first += count;
    }
  }

  // Events of the whole log behind `start` must come as start + 1, start + 2, ..., and caught-up once, where it is
  // true.
  void Read(uint64_t start) {
    Puller puller(broker_.core(), {.instance = instance_, .start = AfterCursor{Cursor(start)}});
    uint64_t reached = start;
    int caught_up = 0;
    ASSERT_EQ(std::get<Started>(puller.Next()).cursor, Cursor(start));
    while (reached < last_ || caught_up == 0) {
      const Delivery delivery = puller.NextThatMatters();
      if (const auto* const said = std::get_if<CaughtUp>(&delivery)) {
        ++caught_up;
        EXPECT_EQ(said->cursor, Cursor(reached));
        continue;
      }
      ASSERT_TRUE(std::holds_alternative<Events>(delivery)) << delivery.index();
      for (const EventView& event : testing::EventsIn(std::get<Events>(delivery).slices)) {
        ASSERT_EQ(event.cursor, ++reached) << instance_;
        uint64_t number = 0;
        ASSERT_TRUE(absl::SimpleAtoi(event.data, &number));
        ASSERT_EQ(number, reached) << instance_;
      }
      EXPECT_EQ(std::get<Events>(delivery).last, Cursor(reached));
    }
    EXPECT_EQ(caught_up, 1);
  }

  BrokerCore& broker_;
  const std::string instance_;
  std::mt19937_64 random_;
  uint64_t last_ = 0;
};

TEST(SubscriptionSeamTest, EveryReaderGetsEveryEventOnceAndInOrder) {
  constexpr int kRuns = 4000;
  BrokerCore broker(SmallLimits());
  const uint64_t seed = testing::TestSeed();
  for (int i = 0; i < kRuns && !::testing::Test::HasFailure(); ++i) {
    SeamRun(broker, absl::StrCat("run-", i), seed + static_cast<uint64_t>(i)).Check();
  }
  EXPECT_EQ(broker.delivery_budget().in_use(), 0u);
  EXPECT_LE(broker.tail().bytes(), SmallLimits().tail_bytes_max);
}

// Whoever learns that it is the last to touch a stream may destroy it: exactly one must, whatever races.
TEST(SubscriptionSeamTest, CancelAtAnyMomentLeavesExactlyOneToEndTheStream) {
  constexpr int kRuns = 2000;
  BrokerCore broker(SmallLimits());
  std::mt19937_64 random(testing::TestSeed());
  std::atomic<bool> stop = false;
  std::thread appender([&] {
    for (uint64_t i = 1; !stop; ++i) testing::AppendNumbered(broker.log(), "busy", i, 1);
  });

  // What a protocol does: asks again from the callback, and ends when told so.
  struct Stream : std::enable_shared_from_this<Stream> {
    std::shared_ptr<Subscription> subscription;
    std::atomic<int> ended = 0;
    std::atomic<bool> cancelled = false;
    std::atomic<int> late = 0;

    void Ask() {
      if (!subscription->Next([self = shared_from_this()](Delivery) { self->OnDelivery(); })) ++ended;
    }
    void OnDelivery() {
      if (cancelled) ++late;
      Ask();
    }
  };
  std::vector<std::shared_ptr<Stream>> streams;
  for (int i = 0; i < kRuns; ++i) {
    const auto& stream = streams.emplace_back(std::make_shared<Stream>());
    stream->subscription = Subscription::Start(broker.core(), {.instance = "busy", .start = FromBeginning{}});
    stream->Ask();
    for (uint64_t spins = random() % 500'000; spins > 0; --spins) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (stream->subscription->Cancel()) ++stream->ended;
    // A callback that had begun may still run, and then learns from its Next that it is the last.
    while (stream->ended == 0) std::this_thread::yield();
    stream->cancelled = true;
  }
  stop = true;
  appender.join();
  for (const auto& stream : streams) {
    EXPECT_EQ(stream->ended, 1);
    EXPECT_EQ(stream->late, 0);
  }
  while (broker.delivery_budget().in_use() != 0) std::this_thread::yield();  // Reads that were under way give back.
}

// A sync fails; the event is on disk all the same, and was never announced.
TEST(SubscriptionSeamTest, CaughtUpIsToldBehindWhatAReopenedStoreFound) {
  const testing::TempDir dir;
  testing::FaultEnv faults;
  BrokerCore broker(
      {}, dir.path(), [] { return absl::Now(); }, faults.env.get());
  testing::AppendNumbered(broker.log(), "bot", 1, 3);
  faults.files->FailOnce(testing::FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("broken"));
  const auto append = [&] {
    return testing::Await<storage::AppendResult>([&](auto done) {
      const NewEvent event{.type = "number", .data = "4", .id = "4"};
      broker.log().NewAppendSession()->Append(testing::MakeBatch("bot", {&event, 1}), std::move(done));
    });
  };
  auto stored = append();
  ASSERT_TRUE(HasReason(stored.status(), Reason::kAppendUncertain)) << stored.status();
  while (HasReason(stored.status(), Reason::kAppendUncertain) ||
         HasReason(stored.status(), Reason::kStoreUnavailable)) {
    stored = append();
  }
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->duplicates_at, std::vector<Cursor>{Cursor(4)}) << "found on disk";

  Puller puller(broker.core(), {.instance = "bot", .start = AfterCursor{Cursor(1)}});
  ASSERT_EQ(std::get<Started>(puller.Next()).head, Cursor(4));
  uint64_t reached = 1;
  for (Delivery delivery = puller.NextThatMatters(); !std::holds_alternative<CaughtUp>(delivery);
       delivery = puller.NextThatMatters()) {
    for (const EventView& event : testing::EventsIn(std::get<Events>(delivery).slices)) {
      EXPECT_EQ(event.cursor, ++reached);
    }
  }
  EXPECT_EQ(reached, 4u);
}

}  // namespace
}  // namespace playhead::broker
