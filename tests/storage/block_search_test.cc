// How many bytes of a log are kept, and where to trim it so that a given number of bytes stays.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;

class BlockSearchTest : public ::testing::Test {
 protected:
  static StoreOptions Options() {
    StoreOptions options;
    options.slice_bytes = 30'000;  // Several slices.
    options.write_buffer_bytes = 20'000;
    return options;
  }

  Cursor FindBytes(uint64_t kept_bytes_max) {
    const auto instance = *log_.Open("a");
    const auto found =
        Await<Cursor>([&](auto done) { log_.log().FindBytes(instance, kept_bytes_max, std::move(done)); });
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(Cursor());
  }
  uint64_t KeptBytes() {
    const auto instance = *log_.Open("a");
    const auto kept = Await<uint64_t>([&](auto done) { log_.log().KeptBytes(instance, std::move(done)); });
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept.value_or(0);
  }

  LogHarness log_{Options()};
};

TEST_F(BlockSearchTest, AnEmptyLogKeepsNothing) {
  ASSERT_TRUE(log_.Open("a").ok());
  EXPECT_EQ(KeptBytes(), 0u);
  EXPECT_EQ(FindBytes(1000), Cursor(1));
}

TEST_F(BlockSearchTest, ACutLeavesAtMostAsManyBytesAndNoEventLessThanFits) {
  playhead::testing::Random random(playhead::testing::TestSeed());
  for (int i = 0; i < 120; ++i) {
    std::vector<TestEvent> events;
    for (uint64_t n = 1 + random.Skewed(20); events.size() < n;) {
      events.push_back({.data = std::string(random.Skewed(random.OneIn(30) ? 90'000 : 400), 'x')});
    }
    ASSERT_TRUE(log_.Append("a", events).ok());
    if (i == 60) log_.Reopen();
  }
  const uint64_t all = log_.Get("a")->bounds->appended_bytes;
  EXPECT_EQ(KeptBytes(), all);
  EXPECT_EQ(FindBytes(all), Cursor(1));
  const uint64_t events = log_.Get("a")->bounds->event_count();
  EXPECT_EQ(FindBytes(0), Cursor(events + 1));
  uint64_t kept_max = all;
  uint64_t first = 1;
  while (first <= events) {
    kept_max -= 1 + random.Below(kept_max / 8 + 1);
    const Cursor cut = FindBytes(kept_max);
    ASSERT_GE(cut, Cursor(first));
    // What one event more would have kept.
    if (cut > Cursor(first)) {
      ASSERT_TRUE(log_.Trim("a", Cursor(cut.value() - 1)).ok());
      ASSERT_GT(KeptBytes(), kept_max) << "one more would have fitted: " << cut.value();
    }
    ASSERT_TRUE(log_.Trim("a", cut).ok());
    const uint64_t kept = KeptBytes();
    ASSERT_LE(kept, kept_max);
    first = cut.value();
    if (kept == 0) break;
    kept_max = kept;
  }
  EXPECT_EQ(KeptBytes(), 0u);
}

TEST_F(BlockSearchTest, ADeletedLogSaysSo) {
  const auto instance = *log_.Open("a");
  ASSERT_TRUE(log_.Append("a", MakeEvents(3)).ok());
  ASSERT_TRUE(log_.Delete("a").ok());
  const auto found = Await<Cursor>([&](auto done) { log_.log().FindBytes(instance, 1, std::move(done)); });
  EXPECT_TRUE(HasReason(found.status(), Reason::kInstanceDeleted)) << found.status();
}

}  // namespace
}  // namespace playhead::storage
