// Latencies in buckets of about 1.5% width: percentiles of any number of them in 30 KiB.
#ifndef PLAYHEAD_TOOLS_BENCH_LATENCY_HISTOGRAM_H_
#define PLAYHEAD_TOOLS_BENCH_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace playhead::tools {

// Not thread-safe. A negative latency counts as 0.
class LatencyHistogram {
 public:
  void Record(absl::Duration latency);
  void Merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  absl::Duration max() const { return absl::Nanoseconds(max_ns_); }
  // The latency that `percent` of all do not exceed, rounded up to its bucket's end and never above max(); 0 if there
  // are none.
  absl::Duration Percentile(double percent) const;

 private:
  static constexpr int kSubBits = 6;  // 64 buckets for each power of two.
  static constexpr size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  static size_t BucketOf(uint64_t ns);
  static uint64_t EndOf(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_LATENCY_HISTOGRAM_H_
