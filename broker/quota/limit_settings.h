// LimitSettings: the limits that are set for instances, and the default, in memory and on disk.
#ifndef PLAYHEAD_BROKER_QUOTA_LIMIT_SETTINGS_H_
#define PLAYHEAD_BROKER_QUOTA_LIMIT_SETTINGS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "playhead/v1/limits.pb.h"
#include "storage/record_store.h"

namespace playhead::broker {

// So many instances may have limits of their own.
inline constexpr size_t kLimitedInstancesMax = 10'000;
// So many changes may be on their way to the disk.
inline constexpr size_t kLimitChangesMax = 100;

// What holds for an instance; 0 is no bound.
struct EffectiveLimits {
  uint64_t append_events_per_second = 0;
  uint64_t append_bytes_per_second = 0;
  uint64_t stored_bytes_max = 0;

  bool paced() const { return append_events_per_second != 0 || append_bytes_per_second != 0; }
  bool none() const { return !paced() && stored_bytes_max == 0; }
};

// Rows `limit/default` and `limit/instance/<name>` (docs/on-disk-format.md). A change holds once it is on disk.
// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows what Load is given; must outlive the log that `records` is of, whose callbacks end here.
class LimitSettings {
 public:
  // Blocks while it reads the rows.
  //   DataLoss     a row is damaged.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<LimitSettings>> Load(storage::RecordStore& records);

  // Nothing is set at all: the rule, which costs appends one load.
  bool none() const { return none_.load(std::memory_order_acquire); }
  // Rises with every change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  EffectiveLimits Of(absl::string_view instance) const ABSL_LOCKS_EXCLUDED(mu_);
  // An empty `instance` is the default, here and below. nullopt: none are set.
  std::optional<v1::InstanceLimits> Own(absl::string_view instance) const ABSL_LOCKS_EXCLUDED(mu_);
  // Up to `limit` instances behind `after`, by name.
  std::vector<std::pair<std::string, v1::InstanceLimits>> List(absl::string_view after, size_t limit) const
      ABSL_LOCKS_EXCLUDED(mu_);

  // InvalidArgument (LIMIT_INVALID) as limits.proto says; ResourceExhausted (APPEND_QUEUE_FULL) while kLimitChangesMax
  // changes are on their way; for what is to be asked before an act is recorded.
  absl::Status CheckSet(absl::string_view instance, const v1::InstanceLimits& limits) const ABSL_LOCKS_EXCLUDED(mu_);

  // Both call `done` once, on a thread of the log, when the change holds. As RecordStore::Write fails.
  // REQUIRES: CheckSet was Ok.
  void Set(const std::string& instance, const v1::InstanceLimits& limits, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Clear(const std::string& instance, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Row {
    std::optional<v1::InstanceLimits> limits;  // nullopt: cleared, while changes are on their way.
    uint64_t change = 0;                       // The last that was taken up.
  };

  explicit LimitSettings(storage::RecordStore& records) : records_(records) {}

  void Write(const std::string& instance, std::optional<v1::InstanceLimits> limits, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritten(const std::string& instance, std::optional<v1::InstanceLimits> limits, uint64_t change, bool stored)
      ABSL_LOCKS_EXCLUDED(mu_);

  storage::RecordStore& records_;
  std::atomic<bool> none_{true};
  std::atomic<uint64_t> version_{1};

  mutable absl::Mutex mu_;
  absl::btree_map<std::string, Row> rows_ ABSL_GUARDED_BY(mu_);  // By instance; "" is the default.
  uint64_t changes_ ABSL_GUARDED_BY(mu_) = 0;
  size_t on_their_way_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_QUOTA_LIMIT_SETTINGS_H_
