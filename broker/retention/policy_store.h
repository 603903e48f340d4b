// PolicyStore: the retention policies that are set, on disk and in memory.
#ifndef PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_
#define PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/retention/policy.h"
#include "storage/event_log.h"

namespace playhead::broker::retention {

// Instances with a policy of their own. They are in memory; an instance without one costs nothing.
inline constexpr size_t kPoliciesMax = 10'000;

// Thread safety: all methods but Load.   Blocking: none but Load.   Ownership: borrows the log, whose last callbacks
// end here: must outlive it.
class PolicyStore {
 public:
  // DataLoss: a row is damaged: events that it keeps might go. Unavailable: as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<PolicyStore>> Load(storage::EventLog& log);

  // That of all instances which have none of their own.
  std::optional<Policy> OfAll() const ABSL_LOCKS_EXCLUDED(mu_) { return Own(kAllInstances, storage::InstanceNumber()); }
  // The instance's own.
  std::optional<Policy> Own(absl::string_view name, storage::InstanceNumber number) const ABSL_LOCKS_EXCLUDED(mu_);
  // What applies to the instance.
  std::optional<Policy> Effective(absl::string_view name, storage::InstanceNumber number) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // The instances that have their own, by name.
  std::vector<std::string> Names() const ABSL_LOCKS_EXCLUDED(mu_);

  // `name` is an instance or kAllInstances; `number` that of the instance. `done` once it is durable and applies.
  //   ResourceExhausted  KEYS_LIMIT: kPoliciesMax have one.
  //   and as RecordStore::Write.
  void Set(const std::string& name, storage::InstanceNumber number, Policy policy, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Clear(const std::string& name, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // Clears a policy that was set for another number than this, which is now that of the name (0: of none): one that a
  // deletion left behind.
  void Forget(const std::string& name, storage::InstanceNumber number) ABSL_LOCKS_EXCLUDED(mu_);

  // Called after every change, on the thread that makes it. Set once, before any.
  void SetOnChange(absl::AnyInvocable<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  struct Row {
    Policy policy;
    storage::InstanceNumber number;
  };

  explicit PolicyStore(storage::EventLog& log) : log_(log) {}
  // `row` nullopt: it is gone.
  void Apply(const std::string& name, std::optional<Row> row) ABSL_LOCKS_EXCLUDED(mu_);
  // Tells the log how long types live.
  void PublishLives() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  storage::EventLog& log_;
  absl::AnyInvocable<void()> on_change_ = [] {};
  mutable absl::Mutex mu_;
  absl::btree_map<std::string, Row> rows_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_POLICY_STORE_H_
