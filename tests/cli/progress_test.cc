#include "tools/cli/progress.h"

#include <gtest/gtest.h>

#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

TEST(FormatProgress, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(FormatProgress({.done_bytes = 50, .total_bytes = 100, .events = 1000, .elapsed = absl::Seconds(10)}, 100),
            " 50% ━━━━━━━━━━━━━━━───────────────  1,000 events  100/s  0:10 left");
}

TEST(FormatProgress, ShowsNoShareOfAPipe) {
  EXPECT_EQ(FormatProgress({.events = 30, .elapsed = absl::Seconds(10)}, 100), "30 events  3/s");
}

TEST(FormatProgress, FitsAnyWidth) {
  for (size_t columns = 1; columns < 120; ++columns) {
    const std::string text = FormatProgress(
        {.done_bytes = 1, .total_bytes = 1'000'000, .events = 123456, .elapsed = absl::Seconds(10)}, columns);
    EXPECT_LE(Columns(text), columns) << text;
  }
}

}  // namespace
}  // namespace playhead::tools
