// Consumer: one named consumer at work. It feeds its holders from the log, redelivers failed events, and keeps its
// progress on disk.
//
// Every input (a call of a holder, events from the feed, a finished read or write, a timer) changes members under one
// lock, and then Pump does what has become due, one thing at a time: answers settlements that are durable, starts the
// next write, gives each waiting holder its next delivery, asks the feed for more. So no callback runs under the lock,
// and no two run at a time.
//
// Durability: at most one write of the state is in progress; changes during a write are in the next one. A settlement
// is confirmed by the write that contains it. A failed write is tried again, unchanged, until it succeeds or the broker
// stops; so a crash can cause a redelivery only of unconfirmed events. The deletion of all rows is tried again in the
// same way, so that a consumer that can no longer be held does not block the next one of its name.
//
// Memory: while nobody holds it, only numbers: the position, the exceptions, and which events are parked. The same goes
// for events that are handed over: for a redelivery, an event is read again. A holder takes at most one delivery and
// one finished read, under the rules of broker/read/delivery_memory.h; the feed takes one delivery.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_feed.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/consumer_rows.h"
#include "broker/consumers/consumer_state.h"
#include "broker/consumers/held_slices.h"
#include "broker/consumers/holder.h"
#include "broker/consumers/number_set.h"
#include "broker/consumers/parked_index.h"
#include "broker/consumers/source_spans.h"
#include "broker/core.h"
#include "broker/metrics/consumer_figures.h"
#include "broker/read/delivery_memory.h"
#include "broker/timer_queue.h"
#include "storage/callback.h"
#include "storage/event_log.h"
#include "storage/record_store.h"

namespace playhead::broker {

// The maximum number of parked events of one consumer: when it is reached, the consumer delivers no more until some are
// requeued or dropped.
inline constexpr uint64_t kParkedMax = 10'000;
// The same for a consumer that lets events overtake. When it is reached, the consumer continues, and further events
// that are given up get no row.
inline constexpr uint64_t kOvertakenParkedMax = 100;
// How often, at most, progress over filtered events is written; it is also written when the last holder ends.
inline constexpr absl::Duration kProgressWriteInterval = absl::Seconds(1);

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows what `core` refers to; must not be used after the log is destroyed, which ends its callbacks.
class Consumer : public std::enable_shared_from_this<Consumer> {
 public:
  // `parked` lists the existing rows, except those that the state says are gone.
  Consumer(const Core& core, StoredConfig stored, StoredState state, ParkedIndex parked, size_t state_rows);

  const ConsumerConfig& config() const { return config_; }
  storage::InstanceNumber instance_number() const { return instance_number_; }
  StoredConfig stored_config() const { return {config_, instance_number_, created_at_}; }

  // As ConsumerRegistry::Open. NotFound once it is deleted.
  absl::StatusOr<std::shared_ptr<ConsumerHolder>> Open(HolderOptions options) ABSL_LOCKS_EXCLUDED(mu_);

  // All but the lag.
  ConsumerInfo Info() const ABSL_LOCKS_EXCLUDED(mu_);
  void AddTo(ConsumerFigures& figures) const ABSL_LOCKS_EXCLUDED(mu_);

  // The events it has not settled according to its durable state: those of commits after `settled`, and those of
  // `instance` after `exceptions_after`. A consumer of one instance has only cursors.
  struct Needed {
    storage::CommitPosition settled;
    std::optional<storage::Cursor> exceptions_after;
  };
  Needed NeededOf(storage::InstanceNumber instance) const ABSL_LOCKS_EXCLUDED(mu_);

  // From now on, the end of a holder does not count as a failure, and failed writes are not tried again.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mu_);
  // Closes the holders with `status`, and calls `done` when the state is on disk, or cannot be written; or when a
  // deletion in progress is over.
  void Close(absl::Status status, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // Its current position, durable or not.
  FeedPosition position() const ABSL_LOCKS_EXCLUDED(mu_);
  // What a reset from one position to another would do, given the `spans` found in the instances of the source. The
  // counts are upper bounds for a consumer with a filter, lower bounds if the spans are not complete, and 0 as a lower
  // bound if both is so.
  ResetResult PlanReset(const FeedPosition& from, const FeedPosition& to, const SourceSpans& spans) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // Sets the position, forgets the unsettled events, and removes events after `parked_after` from the parked list,
  // since they are redelivered. Closes the holders with CONSUMER_RESET. Calls `done` when all this is durable, by one
  // write.
  void Reset(const FeedPosition& to, const ParkedIndex::Cursors& parked_after, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Whether a row of the parked list is still valid; if not, it is about to be deleted.
  bool IsParked(uint64_t number) const ABSL_LOCKS_EXCLUDED(mu_);
  // Removes rows from the parked list, to redeliver their events or not. All or none; calls `done` when that is
  // durable, with how many rows are left. ResourceExhausted (CONSUMER_FULL) if more ranges would then wait than are
  // allowed.
  void Unpark(const std::vector<ParkedRow>& rows, bool requeue, storage::Callback<uint64_t> done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // As ConsumerRegistry::Replay and CancelReplay.
  void Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done) ABSL_LOCKS_EXCLUDED(mu_);
  void CancelReplay(const std::string& replay_id) ABSL_LOCKS_EXCLUDED(mu_);

  // Forgets everything about an instance, including its parked events; calls `done` when that is durable.
  void Forget(storage::InstanceNumber instance, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

  // Closes the holders with CONSUMER_NOT_FOUND, and calls `done` when all its rows are deleted. Errors that a retry can
  // fix are retried until then, or until the broker stops; other errors of DeleteConsumerRows are passed to `done`.
  void Delete(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  friend class StreamHolder;

  // How long events that no holder can take keep memory that others wait for.
  static constexpr std::chrono::seconds kYieldInterval{1};

  // The read of a claim, for one holder.
  struct AgainRead {
    ConsumerState::Again again;
    std::string replay_id;  // The replay that the claim belongs to; empty for the regular deliveries.
    std::shared_ptr<storage::Instance> instance;
    storage::ReadResult result;
    DeliveryMemory::Allowance allowance;
    uint64_t erasure_count = 0;  // The tail's count before `result` was read.
    SteadyTime yields_at;        // When to check whether others wait for the memory.
  };

  struct Batch {
    uint64_t number = 0;
    storage::InstanceNumber instance;
    storage::Cursor first;
    storage::Cursor last;
    std::string replay_id;
  };

  // The deliveries of a replay: they have a state of their own, which is never written.
  struct ReplayLane {
    ReplayLane(uint32_t attempts_max, const ConsumerReplay& replay);

    std::shared_ptr<storage::Instance> instance;
    ConsumerState state;
    ReplayOutcome outcome;
    storage::Callback<ReplayOutcome> done;
  };

  // A stream that holds the consumer.
  struct Hold {
    Hold(HolderNumber hold_number, HolderOptions hold_options, const Core& core)
        : number(hold_number), options(std::move(hold_options)), memory(core.limits, core.delivery_budget) {}

    const HolderNumber number;
    const HolderOptions options;
    uint32_t in_flight_max = 0;
    storage::Timestamp since;
    std::optional<ConsumerHolder::NextCallback> next;
    absl::Status failure;    // Why it was ended: reported next, as the last delivery.
    bool cancelled = false;  // Cancelled by the transport, or the failure was reported.
    bool opened = false;
    bool caught_up = false;
    uint64_t credit = 0;
    SteadyTime last_delivery;
    FeedPosition told;          // The position last reported in a heartbeat.
    std::deque<Batch> batches;  // Delivered, but not yet reported as handed over by the transport.
    uint64_t last_batch = 0;
    bool reading = false;
    std::optional<AgainRead> again;
    DeliveryMemory memory;
    bool reserving = false;                 // Waits for the budget to grant a large event for redelivery.
    DeliveryMemory::Allowance handed_over;  // For the delivery that the transport is writing.
  };
  using HoldPtr = std::shared_ptr<Hold>;

  // A delivery of the feed that is not completely taken yet.
  struct Buffered {
    std::shared_ptr<storage::Instance> instance;
    std::deque<storage::BlockSlice> slices;
    uint32_t event_count = 0;
    storage::Cursor after;
    storage::Cursor last;
    FeedPosition to;
    uint64_t erasure_count = 0;  // The tail's count when the feed was asked for it.
    ByteBudget::Grant grant;     // The part of the budget that `slices` use, beyond the free part of the holder that
                                 // takes them.
    SteadyTime yields_at;        // When to check whether others wait for that memory, or for that of the feed.
  };

  using Work = absl::AnyInvocable<void() &&>;  // Empty: nothing.

  // The calls of holders; see ConsumerHolder.
  bool Next(const HoldPtr& hold, ConsumerHolder::NextCallback callback) ABSL_LOCKS_EXCLUDED(mu_);
  bool Cancel(const HoldPtr& hold) ABSL_LOCKS_EXCLUDED(mu_);
  void End(const HoldPtr& hold, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  void HandedOver(const HoldPtr& hold, uint64_t batch) ABSL_LOCKS_EXCLUDED(mu_);
  void AddCredit(const HoldPtr& hold, uint32_t events) ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<RefusedSettlement> Settle(const HoldPtr& hold, std::vector<Settlement> items,
                                        storage::StatusCallback confirmed) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Apply(const Hold& hold, const Settlement& item, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The deadlines of these events start now. Returns how many there are; 0 of a consumer without deadlines.
  uint32_t SetDeadline(const Hold& hold, const std::string& replay_id, storage::InstanceNumber instance,
                       storage::Cursor first, storage::Cursor last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The state of a replay, or of the regular deliveries; nullptr if the replay has ended.
  ConsumerState* StateOf(const std::string& replay_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Over the regular deliveries and all replays.
  uint32_t HeldEventCount() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint32_t HeldEventCount(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Does everything that is due, on one thread at a time.
  void Pump() ABSL_LOCKS_EXCLUDED(mu_);
  // The next thing to do without the lock.
  Work NextWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<SteadyTime> NextDeadline(SteadyTime now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimer(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Removes ended holders: their events wait for other holders.
  void Detach(const HoldPtr& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndHold(const HoldPtr& hold, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndAll(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The feed.
  void OpenFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnOpened(uint64_t generation, absl::StatusOr<std::shared_ptr<storage::Instance>> instance)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CloseFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Drops the buffered events, and those that the feed holds: they are read again.
  void ReopenFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Drops events that were read and that nobody has taken for a while, if others wait for memory: they are read again.
  void YieldMemory(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Drops the events that were read for redelivery to this holder.
  void DropAgain(Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnFed(uint64_t generation, FeedDelivery delivery) ABSL_LOCKS_EXCLUDED(mu_);
  void TakeFed(FeedEvents& events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(FeedProgress& progress) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(FeedGap& gap) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(Closed& closed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Retries if that can help, else ends all holders with the error.
  void OnFeedFailed(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Delivering: in consumer_delivery.cc.
  Work NextDelivery(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<HolderDelivery> Step(const HoldPtr& hold, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::chrono::nanoseconds HeartbeatInterval(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // How many events may be handed to the holder now.
  uint32_t Capacity(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  ConsumerPause Pause() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<HeldEvents> TakeFresh(Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // For a consumer of many instances: defers the buffered events, and the feed continues with other instances.
  void DeferHeldBack(const Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Defer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether a holder waits for memory. A consumer that waits for memory must not hold any, or consumers might wait for
  // each other.
  bool Reserving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Waits for memory to redeliver one large event.
  void Reserve(Hold& hold, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Starts to read events for redelivery, if any are due and no such read is in progress for the holder.
  void StartAgain(const HoldPtr& hold, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<AgainRead> Claim(const Hold& hold, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnOpenedAgain(const HoldPtr& hold, AgainRead read, absl::StatusOr<std::shared_ptr<storage::Instance>> instance)
      ABSL_LOCKS_EXCLUDED(mu_);
  void ReadAgain(const HoldPtr& hold, AgainRead read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnReadAgain(const HoldPtr& hold, AgainRead read, absl::StatusOr<storage::ReadResult> result)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnReadFailed(const HoldPtr& hold, const AgainRead& read, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<HeldEvents> TakeAgain(Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  HeldEvents MakeHeld(Hold& hold, std::shared_ptr<storage::Instance> instance, SliceRuns events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void EndReplay(const std::string& replay_id, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends a replay that has no events left.
  Work FinishReplay() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Writing: in consumer_writes.cc.
  bool Dirty(SteadyTime now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Starts the next write if there is anything to write and no write is in progress; answers callers that need no
  // write.
  void StartWrite(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes up to `max` events that are to be parked, and adds their rows, except for those already in the list. Returns
  // how many it took.
  size_t AddParkedRows(ConsumerState& state, size_t max) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Marks the row of a parked event as no longer valid; it is deleted with the next writes.
  void RemoveParked(uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint64_t ParkedMax() const { return config_.overtake ? kOvertakenParkedMax : kParkedMax; }
  // Whether nothing can be delivered before some events leave the parked list.
  bool ParkedFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasParking() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StoredState MakeState() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string NameOf(storage::InstanceNumber instance) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnWritten(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  // Starts the deletion of the rows, if it is due and no write is in progress.
  Work NextDeletion(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRowsDeleted(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const ConsumerConfig config_;
  const std::shared_ptr<const storage::EventFilter> filter_;
  const storage::InstanceNumber instance_number_;  // Only for a consumer of one instance.
  const storage::Timestamp created_at_;

  mutable absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  bool pumping_ ABSL_GUARDED_BY(mu_) = false;
  bool pump_again_ ABSL_GUARDED_BY(mu_) = false;
  ConsumerState state_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::unique_ptr<ReplayLane>> replays_ ABSL_GUARDED_BY(mu_);
  absl::Status closed_ ABSL_GUARDED_BY(mu_);  // Why the consumer can no longer be held; OK as long as it can.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::vector<HoldPtr> holds_ ABSL_GUARDED_BY(mu_);
  std::vector<HoldPtr> ended_ ABSL_GUARDED_BY(mu_);  // Ended holds that wait for a delivery, and must be told the
                                                     // reason.
  size_t next_hold_ ABSL_GUARDED_BY(mu_) = 0;        // Whose turn it is.
  HolderNumber last_hold_ ABSL_GUARDED_BY(mu_) = 0;

  // The feed, which exists while the consumer has a holder. Each new feed has another generation.
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  std::shared_ptr<storage::Instance> instance_ ABSL_GUARDED_BY(mu_);  // Only for a consumer of one instance.
  std::shared_ptr<ConsumerFeed> feed_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<ConsumerFeed>> closed_feeds_ ABSL_GUARDED_BY(mu_);  // To be cancelled.
  bool feed_asked_ ABSL_GUARDED_BY(mu_) = false;
  bool feed_caught_up_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<Buffered> buffered_ ABSL_GUARDED_BY(mu_);
  uint64_t erasure_count_asked_ ABSL_GUARDED_BY(mu_) = 0;         // The tail's count when the feed was last asked.
  std::optional<FeedGap> fed_gap_ ABSL_GUARDED_BY(mu_);           // To be reported; it is after fed() until then.
  std::deque<HolderGap> gaps_ ABSL_GUARDED_BY(mu_);               // To be reported: events that were due for
                                                                  // redelivery.
  SteadyTime retry_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::max();  // When the feed is opened again.
  SteadyTime reads_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::min();  // When reads are tried again.

  // Instances with unsettled events: by number, with their names; opened while the consumer has a holder.
  std::map<storage::InstanceNumber, std::string> names_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, std::shared_ptr<storage::Instance>> instances_ ABSL_GUARDED_BY(mu_);

  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t redelivered_ ABSL_GUARDED_BY(mu_) = 0;

  // The state on disk, and the state being written.
  ConsumerSnapshot durable_ ABSL_GUARDED_BY(mu_);
  uint64_t durable_version_ ABSL_GUARDED_BY(mu_) = 0;
  size_t durable_rows_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_parked_number_ ABSL_GUARDED_BY(mu_) = 0;
  ParkedIndex parked_ ABSL_GUARDED_BY(mu_);    // Including those being written.
  NumberSet unparked_ ABSL_GUARDED_BY(mu_);    // Rows that are no longer valid, and must be deleted.
  bool changed_ ABSL_GUARDED_BY(mu_) = false;  // Something besides `state_`'s version must be written.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;     // Nothing is written any more.
  bool write_failed_ ABSL_GUARDED_BY(mu_) = false;  // It is tried again at `write_at_`.
  SteadyTime write_at_ ABSL_GUARDED_BY(mu_);
  SteadyTime progress_at_ ABSL_GUARDED_BY(mu_);  // When progress alone is next written.
  std::vector<storage::RecordChange> write_rows_ ABSL_GUARDED_BY(mu_);
  ConsumerSnapshot write_snapshot_ ABSL_GUARDED_BY(mu_);
  uint64_t write_version_ ABSL_GUARDED_BY(mu_) = 0;
  size_t write_state_rows_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<storage::StatusCallback> in_write_ ABSL_GUARDED_BY(mu_);   // Confirmed by the write in progress ...
  std::vector<storage::StatusCallback> unwritten_ ABSL_GUARDED_BY(mu_);  // ... and by the next one.
  std::vector<storage::StatusCallback> deletions_ ABSL_GUARDED_BY(mu_);  // Confirmed when the rows are gone.
  SteadyTime delete_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::max();        // When they are to be deleted.
  std::deque<std::pair<storage::StatusCallback, absl::Status>> answers_ ABSL_GUARDED_BY(mu_);  // Due.

  TimerQueue::Id timer_ ABSL_GUARDED_BY(mu_);
  bool timer_armed_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t timer_number_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_H_
