#include "tools/bench/latency_histogram.h"

#include <gtest/gtest.h>

namespace playhead::tools {
namespace {

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(99), absl::ZeroDuration());
}

TEST(LatencyHistogram, FindsPercentilesWithinTwoPercent) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.Record(absl::Microseconds(i));
  for (const double percent : {0.1, 1.0, 50.0, 90.0, 99.0, 99.9}) {
    const double exact = percent * 1000;
    const double found = absl::ToDoubleMicroseconds(histogram.Percentile(percent));
    EXPECT_GE(found, exact);
    EXPECT_LE(found, exact * 1.02);
  }
  EXPECT_EQ(histogram.max(), absl::Microseconds(100'000));
  EXPECT_EQ(histogram.Percentile(100), histogram.max());
}

TEST(LatencyHistogram, TakesAnyLatency) {
  LatencyHistogram histogram;
  histogram.Record(-absl::Seconds(1));
  histogram.Record(absl::ZeroDuration());
  histogram.Record(absl::InfiniteDuration());
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.Percentile(1), absl::ZeroDuration());
}

TEST(LatencyHistogram, MergesAsIfRecordedInOne) {
  LatencyHistogram a, b;
  a.Record(absl::Milliseconds(1));
  b.Record(absl::Milliseconds(9));
  a.Merge(b);
  EXPECT_EQ(a.count(), 2u);
  EXPECT_EQ(a.max(), absl::Milliseconds(9));
}

}  // namespace
}  // namespace playhead::tools
