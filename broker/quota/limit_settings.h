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
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/settings/stored_settings.h"
#include "playhead/v1/limits.pb.h"
#include "storage/callback.h"
#include "storage/record_store.h"

namespace playhead::broker {

// The maximum number of changes that are being written.
inline constexpr size_t kLimitChangesMax = 100;

// The limits in force for an instance; 0 is no bound.
struct EffectiveLimits {
  uint64_t append_events_per_second = 0;
  uint64_t append_bytes_per_second = 0;
  uint64_t stored_bytes_max = 0;

  bool paced() const { return append_events_per_second != 0 || append_bytes_per_second != 0; }
  bool none() const { return !paced() && stored_bytes_max == 0; }
};

// Rows `limit/default` and `limit/instance/<name>` (docs/on-disk-format.md). They belong to names, and outlive
// instances. Guarantees, thread safety, blocking and ownership are those of StoredSettings.
class LimitSettings {
 public:
  // Blocks while it reads the rows.
  //   DataLoss     a row is damaged.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<LimitSettings>> Load(storage::RecordStore& records);

  // Whether no limits are set at all, as is usual; this check costs appends one atomic load.
  bool none() const { return none_.load(std::memory_order_acquire); }
  // Increases with every change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  EffectiveLimits Of(absl::string_view instance) const;
  // Here and below, an empty `instance` means the default limits. nullopt: none are set.
  std::optional<v1::InstanceLimits> Own(absl::string_view instance) const;
  // Up to `limit` instances after `after`, by name.
  std::vector<std::pair<std::string, v1::InstanceLimits>> List(absl::string_view after, size_t limit) const;

  // Checks a change before it is recorded in the audit log. InvalidArgument (LIMIT_INVALID) as limits.proto says;
  // ResourceExhausted (APPEND_QUEUE_FULL) while kLimitChangesMax changes are being written.
  absl::Status CheckSet(absl::string_view instance, const v1::InstanceLimits& limits) const;

  // Both call `done` once, on a thread of the log, when the change is in force. Errors as for RecordStore::Write.
  // REQUIRES: CheckSet returned OK.
  void Set(const std::string& instance, const v1::InstanceLimits& limits, storage::StatusCallback done);
  void Clear(const std::string& instance, storage::StatusCallback done);

 private:
  using Stored = StoredSettings<v1::InstanceLimits>;

  explicit LimitSettings(std::unique_ptr<Stored> stored);
  void OnChange() ABSL_LOCKS_EXCLUDED(publishing_mu_);

  const std::unique_ptr<Stored> stored_;
  std::atomic<bool> none_{true};
  std::atomic<uint64_t> version_{1};
  absl::Mutex publishing_mu_;  // Held from reading the settings until they are published, so that the last read wins.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_QUOTA_LIMIT_SETTINGS_H_
