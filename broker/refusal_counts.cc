#include "broker/refusal_counts.h"

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker {
namespace {

struct Counts {
  absl::Mutex mu;
  absl::btree_map<std::string, uint64_t> by_code ABSL_GUARDED_BY(mu);
  absl::btree_map<std::string, uint64_t> by_limit ABSL_GUARDED_BY(mu);
};

Counts& TheCounts() {
  static Counts& counts = *new Counts();
  return counts;
}

}  // namespace

void CountRefusal(absl::string_view code) {
  Counts& counts = TheCounts();
  absl::MutexLock lock(&counts.mu);
  ++counts.by_code[std::string(code)];
}

void CountQuotaRefusal(absl::string_view limit) {
  Counts& counts = TheCounts();
  absl::MutexLock lock(&counts.mu);
  ++counts.by_limit[std::string(limit)];
}

absl::btree_map<std::string, uint64_t> QuotaRefusalCounts() {
  Counts& counts = TheCounts();
  absl::MutexLock lock(&counts.mu);
  return counts.by_limit;
}

absl::btree_map<std::string, uint64_t> RefusalCounts() {
  Counts& counts = TheCounts();
  absl::MutexLock lock(&counts.mu);
  return counts.by_code;
}

}  // namespace playhead::broker
