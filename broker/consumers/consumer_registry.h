// ConsumerRegistry: all consumers of the broker: creates, finds, holds and administers them.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/change_queue.h"
#include "broker/consumers/consumer.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_creation.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/feed_position.h"
#include "broker/consumers/holder.h"
#include "broker/core.h"
#include "broker/metrics/consumer_figures.h"
#include "broker/read/start_position.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The maximum number of events that one call requeues or drops.
inline constexpr size_t kParkedPerCallMax = 10'000;
// The maximum number of changes that wait for an earlier one; beyond that, APPEND_QUEUE_FULL.
inline constexpr size_t kConsumerChangesWaitingMax = 1'000;
// The maximum number of instances in which a reset counts its effects, and removes redelivered events from the parked
// list.
inline constexpr size_t kResetInstancesMax = 10'000;
// The maximum number of instances in which one call counts the lags of consumers of many; beyond that, a lag is "at
// least".
inline constexpr size_t kLagInstancesMax = 1'000;

// Every administrative act is recorded in the audit log before it is done, and is durable when `done` gets OK;
// consumers that the broker creates and deletes on its own are not recorded. To create, open, get and list a consumer,
// a caller needs Permission::kSubscribe for everything that its source covers; to administer it, Permission::kManage
// for the same. A caller of nullptr is the broker itself.
//   PermissionDenied, Unauthenticated  as Caller::Check.
//   NotFound            CONSUMER_NOT_FOUND.
//   Unavailable, Unknown, ResourceExhausted  as RecordStore::Write.
//
// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows what `core` refers to; must outlive the log, whose callbacks end here.
class ConsumerRegistry {
 public:
  ConsumerRegistry(const ConsumerRegistry&) = delete;
  ConsumerRegistry& operator=(const ConsumerRegistry&) = delete;

  // Loads all stored consumers, and completes the deletions that were in progress. Blocks until then.
  //   DataLoss     a row is damaged: without it, settled events would be redelivered, or none delivered.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<ConsumerRegistry>> Load(const Core& core);

  // Creates a consumer, or finds one of the same name and configuration, which keeps its position.
  //   InvalidArgument    as CheckConsumerConfig; START_REQUIRED, POSITION_INVALID.
  //   OutOfRange         CURSOR_TRIMMED unless gaps are allowed, CURSOR_DIVERGED.
  //   AlreadyExists      CONSUMER_EXISTS.
  //   ResourceExhausted  CONSUMERS_LIMIT.
  struct Created {
    ConsumerInfo info;
    bool created = false;
  };
  void Create(std::shared_ptr<Caller> caller, ConsumerConfig config, ConsumerStart start,
              storage::Callback<Created> done);

  void Get(std::shared_ptr<Caller> caller, std::string name, storage::Callback<ConsumerInfo> done);

  // Up to `limit` consumers that the caller may see, whose names start with `prefix` and sort after `after_name`, by
  // name. Includes sessions only if `prefix` is one of theirs (IsSessionName).
  void List(std::shared_ptr<Caller> caller, std::string prefix, std::string after_name, size_t limit,
            storage::Callback<std::vector<ConsumerInfo>> done);

  // Deletes a consumer with its position and its parked list. Its holders are closed with CONSUMER_NOT_FOUND. Once
  // begun, the deletion continues until it is done, even if the disk fails at times, and other changes wait for it; an
  // error means that the broker stopped first, and that the consumer may exist again at the next start.
  void Delete(std::shared_ptr<Caller> caller, std::string name, storage::StatusCallback done);

  // Sets the position. Holders are closed with CONSUMER_RESET. Parked events after it leave the parked list, in the
  // same write, since they are redelivered; those before it stay parked.
  //   FailedPrecondition  RESET_UNCONFIRMED: more events would be redelivered, or skipped, than these limits allow. Not
  //                       for a dry run.
  //   and those of Create for a start.
  struct ResetOptions {
    bool dry_run = false;
    uint64_t again_max = 0;
    uint64_t skipped_max = 0;
  };
  void Reset(std::shared_ptr<Caller> caller, std::string name, ConsumerStart start, ResetOptions options,
             storage::Callback<ResetResult> done);

  // Up to `limit` rows after `after_number`, oldest first.
  void ListParked(std::shared_ptr<Caller> caller, std::string name, uint64_t after_number, size_t limit,
                  storage::Callback<std::vector<ParkedRow>> done);

  // Removes events from the parked list, to be redelivered as if for the first time (requeue), or not at all (drop).
  // The whole selection or nothing, in one commit.
  //   ResourceExhausted  CONSUMER_FULL: the consumer cannot keep track of that many unsettled ranges.
  void RequeueParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection, bool dry_run,
                     storage::Callback<ParkedResult> done);
  void DropParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection, bool dry_run,
                  storage::Callback<ParkedResult> done);

  // Holds a consumer. Later errors are delivered as Closed.
  //   FailedPrecondition  CONSUMER_BUSY: another holds it, it is not shared, and take_over is not set.
  //   Unavailable         SHUTTING_DOWN.
  absl::StatusOr<std::shared_ptr<ConsumerHolder>> Open(const std::shared_ptr<Caller>& caller, const std::string& name,
                                                       HolderOptions options);

  // Finds the cursor up to which no consumer needs the events of `instance` any more: according to its durable state,
  // some consumer has not settled the events after it. Cursor(): all kept events are needed; nullopt: no consumer
  // covers the instance. `done` runs inside the call or on a thread of the log.
  void OldestNeeded(std::shared_ptr<storage::Instance> instance,
                    storage::Callback<std::optional<storage::Cursor>> done);

  // Delivers events again to the consumer's holder, marked with the replay's id, in the order of their instance, in
  // addition to its regular deliveries. Waits while the consumer has no holder. `done` runs once all are settled.
  //   AlreadyExists  ID_CONFLICT: a replay with this id is running for the consumer.
  //  Cancelled      CancelReplay was called.   NotFound  the consumer was deleted.   Unavailable  the broker stops.
  // If the instance is deleted, the replay ends early, with OK. A replay is not durable: after a restart, the caller
  // must ask again, from where the replay had got to.
  void Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done);
  void CancelReplay(const std::string& consumer, const std::string& replay_id);

  // For a deleted instance: deletes the consumers of this instance alone, and everything about it that other consumers
  // keep. OK when that is durable.
  void OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done);

  // Totals over all consumers, for metrics.
  ConsumerFigures Figures() const ABSL_LOCKS_EXCLUDED(mu_);

  // Notes that the broker is stopping: from now on, the end of a holder does not count as a failure. Call it before
  // streams are ended.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mu_);
  // Closes all holders, and writes everything that is not durable yet. Blocks until that is done, or until `deadline`.
  void Stop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Consumers = absl::btree_map<std::string, std::shared_ptr<Consumer>>;

  explicit ConsumerRegistry(const Core& core) : core_(core) {}

  absl::Status LoadAll() ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<std::shared_ptr<Consumer>> Find(const std::shared_ptr<Caller>& caller, Permission permission,
                                                 const std::string& name) const ABSL_LOCKS_EXCLUDED(mu_);

  void Add(std::shared_ptr<Consumer> consumer) ABSL_LOCKS_EXCLUDED(mu_);
  void DeleteNow(std::shared_ptr<Consumer> consumer, storage::StatusCallback done);
  void ForgetAll(storage::InstanceNumber instance, std::vector<std::shared_ptr<Consumer>> consumers,
                 storage::StatusCallback done);
  void DeleteAll(std::vector<std::shared_ptr<Consumer>> consumers, storage::StatusCallback done);
  // In registry_admin.cc.
  void ResetTo(const std::shared_ptr<Caller>& caller, std::shared_ptr<Consumer> consumer, const ResolvedStart& at,
               ResetOptions options, storage::Callback<ResetResult> done);
  enum class Unpark { kRequeue, kDrop };
  void TakeParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection, bool dry_run,
                  Unpark what, storage::Callback<ParkedResult> done);
  void TakeRows(const std::shared_ptr<Caller>& caller, std::shared_ptr<Consumer> consumer, std::vector<ParkedRow> rows,
                Unpark what, storage::Callback<ParkedResult> done);

  const Core core_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Consumers consumers_ ABSL_GUARDED_BY(mu_);
  size_t sessions_ ABSL_GUARDED_BY(mu_) = 0;      // How many of the consumers are sessions.
  ConsumerFigures deleted_ ABSL_GUARDED_BY(mu_);  // The counts of deleted consumers.

  // Changes of the set of consumers, and of one consumer by an operator. Last: they use the members above.
  ChangeQueue changes_{kConsumerChangesWaitingMax, "consumers"};
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
