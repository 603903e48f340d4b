// ConsumerRegistry: all consumers of the broker: made, found, held, administered.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_creation.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/feed_position.h"
#include "broker/consumers/holder.h"
#include "broker/core.h"
#include "broker/metrics/consumer_figures.h"
#include "broker/start_position.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Events that one call requeues or drops.
inline constexpr size_t kParkedPerCallMax = 10'000;
// Changes that wait for the one before them; beyond that APPEND_QUEUE_FULL.
inline constexpr size_t kConsumerChangesWaitingMax = 1'000;
// Instances in which a reset counts what it does, and takes what comes again out of the parked list.
inline constexpr size_t kResetInstancesMax = 10'000;
// Instances in which one call counts the lags of consumers of many; what is beyond is told as "at least".
inline constexpr size_t kLagInstancesMax = 1'000;

// Every act of administration is recorded in the audit log before it is done, and is durable when `done` gets Ok; what
// the broker makes and deletes on its own is not recorded. A caller needs Permission::kSubscribe for all that a
// consumer's source covers to create, open, get and list it, and Permission::kManage for the same to administer it;
// nullptr is the broker itself.
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

  // Takes up all consumers that are stored, and ends the deletions that were under way. Blocks until then.
  //   DataLoss     a row is damaged: going on without it would deliver what was settled, or nothing.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<ConsumerRegistry>> Load(const Core& core);

  // Makes a consumer, or finds one of the same name and configuration, which stays where it is.
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

  // Up to `limit` that the caller may see, whose names start with `prefix` and sort behind `after_name`, by name.
  // Sessions only if `prefix` is of them (IsSessionName).
  void List(std::shared_ptr<Caller> caller, std::string prefix, std::string after_name, size_t limit,
            storage::Callback<std::vector<ConsumerInfo>> done);

  // With its position and its parked list. Its holders are closed with CONSUMER_NOT_FOUND. Once begun it goes on until
  // it is done, whatever the disk does meanwhile, and other changes wait for it; an error says that the broker stopped
  // first, and that the consumer may be there again at the next start.
  void Delete(std::shared_ptr<Caller> caller, std::string name, storage::StatusCallback done);

  // Sets the position. Holders are closed with CONSUMER_RESET. Parked events behind it leave the parked list, in the
  // same write, since they come again; those before it stay parked.
  //   FailedPrecondition  RESET_UNCONFIRMED: more would come again, or be skipped, than these limits. Not for a dry
  //                       run.
  //   and as Create of a start.
  struct ResetOptions {
    bool dry_run = false;
    uint64_t again_max = 0;
    uint64_t skipped_max = 0;
  };
  void Reset(std::shared_ptr<Caller> caller, std::string name, ConsumerStart start, ResetOptions options,
             storage::Callback<ResetResult> done);

  // Up to `limit` rows behind `after_number`, oldest first.
  void ListParked(std::shared_ptr<Caller> caller, std::string name, uint64_t after_number, size_t limit,
                  storage::Callback<std::vector<ParkedRow>> done);

  // Takes events out of the parked list, to come again as if for the first time, or not at all. All of the selection or
  // nothing, in one commit.
  //   ResourceExhausted  CONSUMER_FULL: the consumer cannot remember as many unsettled ranges.
  void RequeueParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection, bool dry_run,
                     storage::Callback<ParkedResult> done);
  void DropParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection, bool dry_run,
                  storage::Callback<ParkedResult> done);

  // Holds a consumer. Errors that show later come as Closed.
  //   FailedPrecondition  CONSUMER_BUSY: another holds it, it is not shared, and take_over is not set.
  //   Unavailable         SHUTTING_DOWN.
  absl::StatusOr<std::shared_ptr<ConsumerHolder>> Open(const std::shared_ptr<Caller>& caller, const std::string& name,
                                                       HolderOptions options);

  // Finds the cursor up to which no consumer needs the events of `instance` any more: some consumer has yet to settle
  // what is behind it, as its durable state says. Cursor(): all that is kept is needed; nullopt: no consumer covers the
  // instance. `done` runs inside the call or on a thread of the log.
  void OldestNeeded(std::shared_ptr<storage::Instance> instance,
                    storage::Callback<std::optional<storage::Cursor>> done);

  // Delivers events again to whoever holds the consumer, marked with the replay's id, in the order of their instance,
  // beside what comes in the consumer's course. Waits while nobody holds it. `done` runs once all are settled.
  //   AlreadyExists  ID_CONFLICT: a replay of that id runs for the consumer.
  //   Cancelled      CancelReplay came.   NotFound  the consumer or the instance went.   Unavailable  the broker stops.
  // Nothing of a replay is durable: whoever asked for it asks again after a restart, from where it got.
  void Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done);
  void CancelReplay(const std::string& consumer, const std::string& replay_id);

  // An instance was deleted: consumers of it alone go, and so does everything of it that others keep. Ok when that is
  // durable.
  void OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done);

  // Totals over all consumers, for metrics.
  ConsumerFigures Figures() const ABSL_LOCKS_EXCLUDED(mu_);

  // The broker stops: from now on a holder that goes has not failed. Before streams are ended.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mu_);
  // Closes all holders and writes what is not durable yet. Blocks until that is done, or until `deadline`.
  void Stop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Consumers = absl::btree_map<std::string, std::shared_ptr<Consumer>>;
  using Finished = absl::AnyInvocable<void() &&>;
  // A change of which consumers there are, or of one by an operator. Calls its argument when it is done.
  using Change = absl::AnyInvocable<void(Finished) &&>;

  explicit ConsumerRegistry(const Core& core) : core_(core) {}

  absl::Status LoadAll() ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<std::shared_ptr<Consumer>> Find(const std::shared_ptr<Caller>& caller, Permission permission,
                                                 const std::string& name) const ABSL_LOCKS_EXCLUDED(mu_);

  // Changes run one at a time, in the order of the calls.
  void Enqueue(Change change) ABSL_LOCKS_EXCLUDED(mu_);
  void RunNext() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status CheckRoom() const ABSL_LOCKS_EXCLUDED(mu_);
  // The same for a change with a result, which ends it; refused if too many wait.
  template <typename T>
  void EnqueueFor(storage::Callback<T> done, absl::AnyInvocable<void(storage::Callback<T>) &&> change) {
    if (absl::Status status = CheckRoom(); !status.ok()) return std::move(done)(std::move(status));
    Enqueue([done = std::move(done), change = std::move(change)](Finished finished) mutable {
      std::move(change)([done = std::move(done), finished = std::move(finished)](absl::StatusOr<T> result) mutable {
        std::move(done)(std::move(result));
        std::move(finished)();
      });
    });
  }

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
  size_t sessions_ ABSL_GUARDED_BY(mu_) = 0;      // How many of them are.
  ConsumerFigures deleted_ ABSL_GUARDED_BY(mu_);  // What consumers had counted that are gone.
  std::deque<Change> changes_ ABSL_GUARDED_BY(mu_);
  bool changing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
