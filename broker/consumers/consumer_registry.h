// ConsumerRegistry: all consumers of the broker: made, found, held, administered.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/feed_position.h"
#include "broker/consumers/holder.h"
#include "broker/core.h"
#include "broker/start_position.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Where a consumer starts: as a subscription of one instance, or behind a position of many.
struct AfterPosition {
  FeedPosition position;
};
using ConsumerStart = std::variant<StartPosition, AfterPosition>;

// Events that one call requeues or drops.
inline constexpr size_t kParkedPerCallMax = 10'000;
// Parked events of one consumer: when there are so many, it delivers no more until some are requeued or dropped.
inline constexpr uint64_t kParkedMax = 10'000;

// Extra deliveries on behalf of an operator's replay: they move nothing but the replay.
struct ConsumerReplay {
  std::string consumer;
  std::string replay_id;  // Not empty; names what runs for this consumer at a time.
  std::shared_ptr<storage::Instance> instance;
  storage::Cursor after;  // Events of the instance in (after, last], as many as the consumer's filter lets through.
  storage::Cursor last;
};

struct ReplayOutcome {
  uint64_t acked = 0;
  uint64_t parked = 0;  // Failed too often, or parked by the holder: they are in the parked list.
};

// Every act of administration is recorded in the audit log before it is done, and is durable when `done` gets Ok. A
// caller needs Permission::kSubscribe for all that a consumer's source covers to create, open, get and list it, and
// Permission::kManage for the same to administer it; nullptr is the broker itself.
//   PermissionDenied, Unauthenticated  as Caller::Check.
//   NotFound            CONSUMER_NOT_FOUND.
//   Unavailable, Unknown, ResourceExhausted  as RecordStore::Write.
//
// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows what `core` refers to; must outlive the log, whose callbacks end here.
class ConsumerRegistry {
 public:
  ConsumerRegistry();
  ~ConsumerRegistry();
  ConsumerRegistry(const ConsumerRegistry&) = delete;
  ConsumerRegistry& operator=(const ConsumerRegistry&) = delete;

  // Takes up all consumers that are stored; once, before anything else. Blocks while it reads them.
  //   DataLoss     a row is damaged: going on without it would deliver what was settled, or nothing.
  //   Unavailable  as RecordStore::Scan.
  absl::Status Load(const Core& core);

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
  void List(std::shared_ptr<Caller> caller, std::string prefix, std::string after_name, size_t limit,
            storage::Callback<std::vector<ConsumerInfo>> done);

  // With its position and its parked list. Its holders are closed with CONSUMER_NOT_FOUND.
  void Delete(std::shared_ptr<Caller> caller, std::string name, storage::StatusCallback done);

  // Sets the position. Holders are closed with CONSUMER_RESET. Parked events stay parked.
  //   FailedPrecondition  RESET_UNCONFIRMED: more would come again, or be skipped, than these limits. Not for a dry
  //   run. and as Create of a start.
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

  // Up to where nobody needs the events of `instance` any more: what is behind that cursor, some consumer has yet to
  // settle, as its durable state says. Cursor(): all that is kept is needed; nullopt: no consumer covers the instance.
  // `done` runs inside the call or on a thread of the log.
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

  // Closes all holders and writes what is not durable yet. Blocks until that is done, up to `timeout`.
  void Shutdown(absl::Duration timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_REGISTRY_H_
