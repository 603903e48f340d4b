// Event types with a shorter retention than their log: readers skip expired events, and are not told of a gap.
#include "storage/type_life.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/event_wire.h"
#include "storage/block.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;

// Long past whenever a read comes, and long from being past.
constexpr absl::Duration kOver = absl::Microseconds(1);
constexpr absl::Duration kLong = absl::Hours(1);

std::shared_ptr<const TypeLives> Lives(std::vector<TypeLife> lives) {
  return std::make_shared<TypeLives>(std::move(lives));
}

std::vector<std::string> DataOf(const ReadResult& read) {
  std::vector<std::string> data;
  for (const TestEvent& event : EventsOf(read)) data.push_back(event.data);
  return data;
}

TEST(TypeLivesTest, TheFirstPatternThatMatchesCounts) {
  const TypeLives lives({{"presence.typing", absl::Seconds(1)}, {"presence.*", absl::Minutes(1)}});
  EXPECT_EQ(lives.LifeOf("presence.typing"), absl::Seconds(1));
  EXPECT_EQ(lives.LifeOf("presence."), absl::Minutes(1));
  EXPECT_EQ(lives.LifeOf("presence"), std::nullopt);
  EXPECT_FALSE(lives.IsOver("presence.typing", Timestamp(5'000'000), Timestamp(6'000'000)));
  EXPECT_TRUE(lives.IsOver("presence.typing", Timestamp(5'000'000), Timestamp(6'000'001)));
  EXPECT_FALSE(lives.IsOver("message", Timestamp(0), Timestamp(1LL << 60)));
}

class TypeLifeLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(log_.Append("a", {{.type = "presence", .data = "p"}, {.type = "message", .data = "m"}}).ok());
      ASSERT_TRUE(log_.Append("a", {{.type = "presence", .data = "p"}}).ok());
    }
    absl::SleepFor(absl::Milliseconds(2));  // So that a life of a microsecond is over: no condition is waited for.
  }

  LogHarness log_;
};

TEST_F(TypeLifeLogTest, WhatIsOverIsPassedOverAndTheCursorGoesOn) {
  log_.log().type_lives().Set(nullptr, {{"a", Lives({{"presence", kOver}})}});
  const auto forwards = log_.Read("a", {});
  ASSERT_TRUE(forwards.ok()) << forwards.status();
  EXPECT_EQ(DataOf(*forwards), std::vector<std::string>(5, "m"));
  EXPECT_EQ(forwards->next, Cursor(15)) << "behind the presence that follows the last message";
  EXPECT_TRUE(forwards->end_reached);
  const auto backwards = log_.Read("a", {.reverse = true});
  ASSERT_TRUE(backwards.ok()) << backwards.status();
  EXPECT_EQ(DataOf(*backwards), std::vector<std::string>(5, "m"));
  EXPECT_EQ(log_.Get("a")->bounds->first, Cursor(1)) << "nothing was trimmed";
  // They are back when the life is taken away, as long as their bytes are there.
  log_.log().type_lives().Set(nullptr, {});
  EXPECT_EQ(log_.ReadAll("a")->size(), 15u);
}

TEST_F(TypeLifeLogTest, OneOfTheNameGoesBeforeThatOfAllAndOwnInstancesHaveNone) {
  ASSERT_TRUE(log_.Append("b", {{.type = "presence"}}).ok());
  ASSERT_TRUE(log_.Append("playhead.x", {{.type = "presence"}}).ok());
  absl::SleepFor(absl::Milliseconds(2));  // As above.
  log_.log().type_lives().Set(Lives({{"*", kOver}}), {{"a", Lives({{"presence", kLong}})}});
  EXPECT_EQ(log_.ReadAll("a")->size(), 15u);
  EXPECT_EQ(log_.ReadAll("b")->size(), 0u);
  EXPECT_EQ(log_.ReadAll("playhead.x")->size(), 1u);
}

TEST(TypeLifeModelTest, ABlockGivesWhatTheModelGivesWhateverItsTypesAndTimes) {
  Random random(TestSeed());
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const int64_t now = Timestamp::Now().micros();
    // A second either way of when a life of an hour is over.
    int64_t at = now - absl::ToInt64Microseconds(kLong) - 400'000'000;
    BlockBuilder builder(InstanceNumber(1), Cursor(1), CommitPosition(1), 0);
    std::vector<uint64_t> expected;
    const uint64_t types = 1 + random.Below(25);  // More than a summary holds, too.
    const uint64_t events = 1 + random.Below(60);
    for (uint64_t i = 1; i <= events; ++i) {
      const std::string type = absl::StrCat(random.OneIn(2) ? "presence." : "message.", random.Below(types));
      std::string event;
      AppendEvent({.type = type, .data = "d"}, kEventsTag, event);
      absl::string_view rest = event;
      at += static_cast<int64_t>(random.Below(50'000'000));
      builder.Add(*ConsumeEvent(rest), type, "", Timestamp(at));
      const bool is_over = type[0] == 'p' && at < now - absl::ToInt64Microseconds(kLong);
      const bool is_close = std::abs(at - (now - absl::ToInt64Microseconds(kLong))) < 20'000'000;
      if (is_close) at += 40'000'000;  // The next one is not: the test's clock and the block's differ.
      if (is_close && type[0] == 'p') expected.push_back(0);
      if (!is_over) expected.push_back(i);
    }
    if (std::find(expected.begin(), expected.end(), 0u) != expected.end()) continue;
    const auto block = std::move(builder).Finish();
    const auto lives = Lives({{"presence.*", kLong}});
    for (const bool reverse : {false, true}) {
      ReadBudget budget{1000, size_t{1} << 30};
      std::vector<BlockSlice> slices;
      const Cursor done =
          reverse ? SliceBlockReverse(block, Cursor(), block->last(), EventFilter(), budget, slices, lives.get())
                  : SliceBlock(block, Cursor(), block->last(), EventFilter(), budget, slices, lives.get());
      EXPECT_EQ(done, reverse ? Cursor(1) : block->last());
      std::vector<uint64_t> found;
      for (const TestEvent& event : EventsOf({.slices = std::move(slices)})) found.push_back(event.cursor);
      if (reverse) std::reverse(found.begin(), found.end());
      EXPECT_EQ(found, expected);
    }
  }
}

}  // namespace
}  // namespace playhead::storage
