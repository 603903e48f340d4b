#include "tools/bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace playhead::tools {

// Below 2^kSubBits a bucket is one nanosecond; above, the top kSubBits + 1 bits of the value choose it.
size_t LatencyHistogram::BucketOf(uint64_t ns) {
  if (ns < uint64_t{1} << kSubBits) return static_cast<size_t>(ns);
  const int shift = static_cast<int>(std::bit_width(ns)) - 1 - kSubBits;
  return (static_cast<size_t>(shift + 1) << kSubBits) + static_cast<size_t>((ns >> shift) - (uint64_t{1} << kSubBits));
}

uint64_t LatencyHistogram::EndOf(size_t bucket) {
  if (bucket < size_t{1} << kSubBits) return bucket;
  const auto shift = static_cast<int>(bucket >> kSubBits) - 1;
  const uint64_t top = (bucket & ((size_t{1} << kSubBits) - 1)) + (uint64_t{1} << kSubBits);
  return ((top + 1) << shift) - 1;
}

void LatencyHistogram::Record(absl::Duration latency) {
  const int64_t ns = std::max<int64_t>(absl::ToInt64Nanoseconds(latency), 0);
  ++counts_[BucketOf(static_cast<uint64_t>(ns))];
  ++count_;
  max_ns_ = std::max(max_ns_, ns);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

absl::Duration LatencyHistogram::Percentile(double percent) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) {
      return absl::Nanoseconds(std::min<int64_t>(static_cast<int64_t>(EndOf(i)), max_ns_));
    }
  }
  return absl::ZeroDuration();
}

}  // namespace playhead::tools
