// Keeper: trims logs according to their policies, on a thread of its own.
//
// Instances with a policy of their own are checked every `interval`, and at once when a policy is set. The policy of
// all, if it trims anything, is applied to the catalogue page by page in an endless loop, for at most a tenth of the
// thread's time, so the duration of a round depends on the number of instances. Nothing is kept in memory per instance.
#ifndef PLAYHEAD_BROKER_RETENTION_KEEPER_H_
#define PLAYHEAD_BROKER_RETENTION_KEEPER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/age_clock.h"
#include "broker/metrics/metrics.h"
#include "broker/retention/policy_store.h"
#include "storage/event_log.h"
#include "storage/steady_cond_var.h"

namespace playhead::broker::retention {

// What a policy would remove from the kept events.
struct Effect {
  uint64_t instances = 0;
  uint64_t events = 0;
  uint64_t bytes = 0;
  storage::Cursor first_kept;  // For one instance.
  // There are more than kPlannedInstancesMax instances, or some cannot be read.
  bool incomplete = false;
};

// A plan for all instances examines at most this many instances; and at most this many plans wait.
inline constexpr uint64_t kPlannedInstancesMax = 10'000;
inline constexpr size_t kPlansWaitingMax = 100;

// The position up to which every named consumer that covers the instance has settled; nullopt if there is none. As
// ConsumerRegistry::OldestNeeded.
using SettledByAll =
    absl::AnyInvocable<void(std::shared_ptr<storage::Instance>, storage::Callback<std::optional<storage::Cursor>>)>;

// Thread safety: all methods.   Blocking: Stop.   Ownership: borrows its arguments; stop it before they are destroyed.
class Keeper {
 public:
  Keeper(storage::EventLog& log, PolicyStore& policies, Metrics& metrics, absl::Duration interval,
         SettledByAll settled_by_all);
  ~Keeper() { Stop(); }

  // Ends the thread; waiting plans are refused with SHUTTING_DOWN.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  // Notes that a policy has changed: everything is checked soon.
  void Wake() ABSL_LOCKS_EXCLUDED(mu_);

  // Plans what `policy` would remove from the instance, or from all without a policy of their own (kAllInstances).
  // `done` runs on the keeper's thread.
  //   ResourceExhausted  APPEND_QUEUE_FULL: kPlansWaitingMax wait.
  void Plan(std::string name, Policy policy, storage::Callback<Effect> done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct PlanTask {
    std::string name;
    Policy policy;
    storage::Callback<Effect> done;
  };

  using SteadyClock = std::chrono::steady_clock;
  using SteadyTime = SteadyClock::time_point;

  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  void RunPlan(PlanTask plan);
  bool stopping() const ABSL_LOCKS_EXCLUDED(mu_);
  // The time by which events age.
  absl::Time AgeNow();
  // Checks each instance with its own policy once.
  void KeepOwn();
  // Checks the next instances of the catalogue, for a while.
  void KeepSome(absl::Duration budget);
  // Logs a failure, at most once a minute; the next line counts those left out.
  void NoteFailure(const std::string& instance, const absl::Status& status);
  // Trims the instance, unless there is nothing to remove.
  void Keep(const storage::InstanceInfo& info, const Policy& policy);
  absl::StatusOr<uint64_t> LastToGoOf(const std::shared_ptr<storage::Instance>& instance, const Policy& policy);
  absl::StatusOr<Effect> PlanOne(const std::string& name, const Policy& policy);
  absl::StatusOr<Effect> PlanAll(const Policy& policy);

  storage::EventLog& log_;
  PolicyStore& policies_;
  Metrics& metrics_;
  const absl::Duration interval_;
  SettledByAll settled_by_all_;

  mutable absl::Mutex mu_;         // Guards the members below it.
  storage::SteadyCondVar wanted_;  // Signaled when one of the members below says that there is something to do.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool woken_ ABSL_GUARDED_BY(mu_) = true;
  std::deque<PlanTask> plans_ ABSL_GUARDED_BY(mu_);

  // Used only by the thread, except in the constructor.
  std::string walk_after_;  // Where the loop over the catalogue continues.
  SteadyTime next_walk_;
  SteadyTime walk_began_;
  SteadyTime next_failure_log_;
  uint64_t failures_left_out_ = 0;  // Since the last line.
  AgeClock age_clock_;
  std::thread thread_;
};

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_KEEPER_H_
