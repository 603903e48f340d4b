// The counted cost of a read through a filter. In nats-server #7852 a filter became very slow because it looked up
// every message by itself. Here a filter looks at each block once, and takes matching blocks whole.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/many_reader.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;

constexpr int kBatches = 100;
constexpr int kBatchEvents = 200;

// What a whole replay took, however many reads it was in.
struct Cost {
  size_t events = 0;
  size_t slices = 0;
  size_t blocks = 0;
  size_t bytes = 0;
  size_t reads = 0;
};

class NatsServer7852FilterCollapseTest : public ::testing::Test {
 protected:
  // One event in a thousand is of type "rare".
  void SetUp() override {
    for (int i = 0; i < kBatches; ++i) {
      std::vector<TestEvent> events = MakeEvents(kBatchEvents);
      if (i % 5 == 0) events[17].type = "rare";
      ASSERT_TRUE(harness_.Append(absl::StrCat("a", i % 4), events).ok());
    }
  }

  static std::shared_ptr<const EventFilter> Filter(absl::string_view type) {
    return std::make_shared<EventFilter>(*EventFilter::Make({type}));
  }

  Cost ReplayMany(std::shared_ptr<const InstanceSelector> selector, std::shared_ptr<const EventFilter> filter) {
    const auto reader = std::make_shared<ManyReader>(std::move(selector));
    Cost cost;
    StorePosition after;
    for (bool end = false; !end;) {
      ManyReadOptions options{.after = after, .reader = reader, .events_max = kFetchEventsMax, .filter = filter};
      const auto result =
          Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(std::move(options), std::move(done)); });
      EXPECT_TRUE(result.ok()) << result.status();
      if (!result.ok()) break;
      for (const InstanceEvents& part : result->parts) cost.slices += part.slices.size();
      cost.events += result->event_count;
      cost.blocks += result->scanned_blocks;
      cost.bytes += result->scanned_bytes;
      ++cost.reads;
      after = result->next;
      end = result->end_reached;
    }
    return cost;
  }

  Cost ReplayOne(std::shared_ptr<const EventFilter> filter) {
    Cost cost;
    Cursor after;
    for (bool end = false; !end;) {
      const auto result = harness_.Read("a0", {.after = after, .events_max = kFetchEventsMax, .filter = filter});
      EXPECT_TRUE(result.ok()) << result.status();
      if (!result.ok()) break;
      cost.slices += result->slices.size();
      cost.events += result->event_count;
      cost.blocks += result->scanned_blocks;
      cost.bytes += result->scanned_bytes;
      ++cost.reads;
      after = result->next;
      end = result->end_reached;
    }
    return cost;
  }

  // A filter that matches everything costs what none does; one that matches one event in a thousand looks at the same
  // blocks, each once, in no more reads.
  static void ExpectNoCollapse(const Cost& unfiltered, const Cost& all, const Cost& rare, size_t rare_events) {
    EXPECT_EQ(all.events, unfiltered.events);
    EXPECT_EQ(all.slices, unfiltered.slices) << "blocks were taken apart";
    EXPECT_EQ(all.blocks, unfiltered.blocks);
    EXPECT_EQ(rare.events, rare_events);
    EXPECT_LE(rare.blocks, unfiltered.blocks);
    EXPECT_LE(rare.bytes, unfiltered.bytes);
    EXPECT_LE(rare.reads, unfiltered.reads);
  }

  LogHarness harness_;
};

TEST_F(NatsServer7852FilterCollapseTest, OneLog) {
  ExpectNoCollapse(ReplayOne(nullptr), ReplayOne(Filter("*")), ReplayOne(Filter("rare")), kBatches / 20);
}

TEST_F(NatsServer7852FilterCollapseTest, ManyLogsAlongTheCommits) {
  const auto all = std::make_shared<PrefixSelector>("");
  ExpectNoCollapse(ReplayMany(all, nullptr), ReplayMany(all, Filter("*")), ReplayMany(all, Filter("rare")),
                   kBatches / 5);
}

TEST_F(NatsServer7852FilterCollapseTest, AShortListLooksAtItsOwnBlocksAlone) {
  const auto list = std::make_shared<NameSelector>(std::vector<std::string>{"a1", "a3"});
  const Cost unfiltered = ReplayMany(list, nullptr);
  EXPECT_EQ(unfiltered.events, kBatches / 2 * kBatchEvents);
  EXPECT_EQ(unfiltered.blocks, ReplayMany(std::make_shared<PrefixSelector>("a"), nullptr).blocks / 2);
  ExpectNoCollapse(unfiltered, ReplayMany(list, Filter("*")), ReplayMany(list, Filter("rare")), kBatches / 10);
}

}  // namespace
}  // namespace playhead::storage
