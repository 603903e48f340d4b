// Keeper: makes logs as short as their policies say, on a thread of its own.
//
// Instances with a policy of their own are looked at every `interval`, and at once when one is set. The policy of all,
// if it trims anything, takes the catalogue page by page without end, for a tenth of the thread's time at most: how
// soon it comes round depends on how many instances there are. Nothing is kept in memory of an instance.
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

// What a policy would remove from what is kept.
struct Effect {
  uint64_t instances = 0;
  uint64_t events = 0;
  uint64_t bytes = 0;
  storage::Cursor first_kept;  // Of one instance.
  // There are more than kPlannedInstancesMax, or some that cannot be read.
  bool incomplete = false;
};

// A plan for all instances looks at this many; and this many plans wait.
inline constexpr uint64_t kPlannedInstancesMax = 10'000;
inline constexpr size_t kPlansWaitingMax = 100;

// Up to where every named consumer that covers the instance has settled; nullopt if there is none. As
// ConsumerRegistry::OldestNeeded.
using SettledByAll =
    absl::AnyInvocable<void(std::shared_ptr<storage::Instance>, storage::Callback<std::optional<storage::Cursor>>)>;

// Thread safety: all methods.   Blocking: Stop.   Ownership: borrows what it is given; stop it before that ends.
class Keeper {
 public:
  Keeper(storage::EventLog& log, PolicyStore& policies, Metrics& metrics, absl::Duration interval,
         SettledByAll settled_by_all);
  ~Keeper() { Stop(); }

  // Ends the thread; plans that wait are refused with SHUTTING_DOWN.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  // A policy has changed: looks at everything soon.
  void Wake() ABSL_LOCKS_EXCLUDED(mu_);

  // What `policy` would remove from the instance, or from all that have none of their own (kAllInstances). `done` runs
  // on the keeper's thread.
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
  // By which events grow old.
  absl::Time AgeNow();
  // One look at each instance with its own policy.
  void KeepOwn();
  // The next instances of the catalogue, for a while.
  void KeepSome(absl::Duration budget);
  // A failure that is to be told of is, at most once a minute; the next line counts those left out.
  void NoteFailure(const std::string& instance, const absl::Status& status);
  // Trims, unless nothing is to go.
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
  storage::SteadyCondVar wanted_;  // One of them says that there is something to do.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool woken_ ABSL_GUARDED_BY(mu_) = true;
  std::deque<PlanTask> plans_ ABSL_GUARDED_BY(mu_);

  // The thread's.
  std::string walk_after_;  // Where the walk over the catalogue goes on.
  SteadyTime next_walk_;
  SteadyTime walk_began_;
  SteadyTime next_failure_log_;
  uint64_t failures_left_out_ = 0;  // Since the last line.
  AgeClock age_clock_;
  std::thread thread_;
};

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_KEEPER_H_
