// Consumer: one named consumer at work. It feeds its holders from the log, brings back what failed, and keeps on disk
// how far they are.
//
// Everything that happens to it (a call of a holder, events from the feed, a read or a write that is done, a timer)
// changes members under one lock, and then Pump does what has become due, one thing at a time: answers what is durable,
// starts the next write, gives each holder that asks its next delivery, asks the feed for more. So no callback runs
// under the lock, and no two at a time.
//
// Durability: one write of the state is under way at most; what changes meanwhile is in the next one. A settlement is
// confirmed by the write that has it. A write that fails is tried again, unchanged, until it succeeds or the broker
// stops; so what a crash can bring again is what was not confirmed. So is the deletion of all its rows: a consumer that
// can be held no more does not stay in the way of the next of its name.
//
// Memory: while nobody holds it, numbers only: the position, the exceptions and which events are parked. Of what is
// handed over too: an event that comes again is read again. A holder takes at most one delivery and one read that is
// ready, under the rules of broker/delivery_memory.h; the feed one delivery.
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
#include "broker/delivery_memory.h"
#include "broker/metrics/consumer_figures.h"
#include "broker/timer_queue.h"
#include "storage/callback.h"
#include "storage/event_log.h"
#include "storage/record_store.h"

namespace playhead::broker {

// Parked events of one consumer: when there are this many, it delivers no more until some are requeued or dropped.
inline constexpr uint64_t kParkedMax = 10'000;
// The same of one that lets events overtake: it goes on when there are this many, and what is given up then has no row.
inline constexpr uint64_t kOvertakenParkedMax = 100;
// Progress over events that a filter passes over is written at most this often, and when the last holder goes.
inline constexpr absl::Duration kProgressWriteInterval = absl::Seconds(1);

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows what `core` refers to; must not be used any more when the log is gone, which ends its callbacks.
class Consumer : public std::enable_shared_from_this<Consumer> {
 public:
  // `parked` is of the rows that are there but for those that the state says are gone.
  Consumer(const Core& core, StoredConfig stored, StoredState state, ParkedIndex parked, size_t state_rows);

  const ConsumerConfig& config() const { return config_; }
  storage::InstanceNumber instance_number() const { return instance_number_; }
  StoredConfig stored_config() const { return {config_, instance_number_, created_at_}; }

  // As ConsumerRegistry::Open. NotFound once it is deleted.
  absl::StatusOr<std::shared_ptr<ConsumerHolder>> Open(HolderOptions options) ABSL_LOCKS_EXCLUDED(mu_);

  // All but the lag.
  ConsumerInfo Info() const ABSL_LOCKS_EXCLUDED(mu_);
  void AddTo(ConsumerFigures& figures) const ABSL_LOCKS_EXCLUDED(mu_);

  // What it has yet to settle, as its durable state says: events of commits behind `settled`, and those of `instance`
  // behind `exceptions_after`. A consumer of one instance has cursors only.
  struct Needed {
    storage::CommitPosition settled;
    std::optional<storage::Cursor> exceptions_after;
  };
  Needed NeededOf(storage::InstanceNumber instance) const ABSL_LOCKS_EXCLUDED(mu_);

  // From now on a holder that goes has not failed, and writes that fail are not tried again.
  void BeginStop() ABSL_LOCKS_EXCLUDED(mu_);
  // Closes the holders with `status`, and calls `done` when the state is on disk, or cannot be written; or when a
  // deletion that is under way is over.
  void Close(absl::Status status, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // How far it is, durably or not.
  FeedPosition position() const ABSL_LOCKS_EXCLUDED(mu_);
  // What a reset from one position to another would do, which `spans` finds in the instances of the source. At most
  // that for a consumer with a filter, at least that if the spans are not complete.
  ResetResult PlanReset(const FeedPosition& from, const FeedPosition& to, const SourceSpans& spans) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // Sets the position; forgets what was unsettled, and takes out of the parked list what lies behind `parked_after`,
  // since that comes again. Closes the holders with CONSUMER_RESET. `done` when all that is durable, by one write.
  void Reset(const FeedPosition& to, const ParkedIndex::Cursors& parked_after, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Whether a row of the parked list still counts: if not, it is about to be deleted.
  bool IsParked(uint64_t number) const ABSL_LOCKS_EXCLUDED(mu_);
  // Takes rows out of the parked list, to come again or not. All or none; `done` when that is durable, with how many
  // are left. ResourceExhausted (CONSUMER_FULL) if more ranges would then wait than may.
  void Unpark(const std::vector<ParkedRow>& rows, bool requeue, storage::Callback<uint64_t> done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // As ConsumerRegistry::Replay and CancelReplay.
  void Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done) ABSL_LOCKS_EXCLUDED(mu_);
  void CancelReplay(const std::string& replay_id) ABSL_LOCKS_EXCLUDED(mu_);

  // Forgets everything of an instance, its parked events included; `done` when that is durable.
  void Forget(storage::InstanceNumber instance, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

  // Closes the holders with CONSUMER_NOT_FOUND, and calls `done` when all its rows are deleted. What a retry can mend
  // is tried again until then, or until the broker stops; other errors, as DeleteConsumerRows, are told.
  void Delete(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  friend class StreamHolder;

  // How long events that nobody can take keep memory that others wait for.
  static constexpr std::chrono::seconds kYieldInterval{1};

  // What is read of a claim, for one holder.
  struct AgainRead {
    ConsumerState::Again again;
    std::string replay_id;  // Of the replay whose claim it is; empty for the consumer's course.
    std::shared_ptr<storage::Instance> instance;
    storage::ReadResult result;
    DeliveryMemory::Allowance allowance;
    uint64_t erasure_count = 0;  // Of the tail, before `result` was read.
    SteadyTime yields_at;        // When it is looked whether others wait for the memory.
  };

  struct Batch {
    uint64_t number = 0;
    storage::InstanceNumber instance;
    storage::Cursor first;
    storage::Cursor last;
    std::string replay_id;
  };

  // Extra deliveries: a state of their own, that is never written.
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
    absl::Status failure;    // Why it was ended: told next, and last.
    bool cancelled = false;  // By the transport, or that was told.
    bool opened = false;
    bool caught_up = false;
    uint64_t credit = 0;
    SteadyTime last_delivery;
    FeedPosition told;          // In a heartbeat.
    std::deque<Batch> batches;  // Delivered, and not yet said to be handed over.
    uint64_t last_batch = 0;
    bool reading = false;
    std::optional<AgainRead> again;
    DeliveryMemory memory;
    bool reserving = false;                 // Waits for the budget to grant a large event that comes again.
    DeliveryMemory::Allowance handed_over;  // Of the delivery that the transport is writing.
  };
  using HoldPtr = std::shared_ptr<Hold>;

  // A delivery of the feed that is not yet all taken.
  struct Buffered {
    std::shared_ptr<storage::Instance> instance;
    std::deque<storage::BlockSlice> slices;
    uint32_t event_count = 0;
    storage::Cursor after;
    storage::Cursor last;
    FeedPosition to;
    uint64_t erasure_count = 0;  // Of the tail, when the feed was asked for it.
    ByteBudget::Grant grant;     // What `slices` draw from the budget, for all but the free part of who takes them.
    SteadyTime yields_at;        // When it is looked whether others wait for that, and for what the feed has besides.
  };

  using Work = absl::AnyInvocable<void() &&>;  // Empty: nothing.

  // What holders do; see ConsumerHolder.
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
  // The state that a replay, or the consumer's course, goes by; nullptr if the replay has ended.
  ConsumerState* StateOf(const std::string& replay_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Over the course and all replays.
  uint32_t HeldEventCount() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint32_t HeldEventCount(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Does whatever is due. Only one thread at a time does.
  void Pump() ABSL_LOCKS_EXCLUDED(mu_);
  // The next thing to do without the lock.
  Work NextWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<SteadyTime> NextDeadline(SteadyTime now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimer(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Holders that go: what they had waits for others.
  void Detach(const HoldPtr& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndHold(const HoldPtr& hold, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndAll(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The feed.
  void OpenFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnOpened(uint64_t generation, absl::StatusOr<std::shared_ptr<storage::Instance>> instance)
      ABSL_LOCKS_EXCLUDED(mu_);
  void CloseFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Lets go of what is buffered, and of what the feed has besides: it is read again.
  void ReopenFeed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Lets go of what was read and what nobody has taken for a while, if others wait for memory: it is read again.
  void YieldMemory(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Of what was read to come again.
  void DropAgain(Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnFed(uint64_t generation, FeedDelivery delivery) ABSL_LOCKS_EXCLUDED(mu_);
  void TakeFed(FeedEvents& events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(FeedProgress& progress) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(FeedGap& gap) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeFed(Closed& closed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Tries again if that can help, else ends all holders with it.
  void OnFeedFailed(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Delivering: in consumer_delivery.cc.
  Work NextDelivery(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<HolderDelivery> Step(const HoldPtr& hold, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::chrono::nanoseconds HeartbeatInterval(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // How many events may be handed to it now.
  uint32_t Capacity(const Hold& hold) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  ConsumerPause Pause() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<HeldEvents> TakeFresh(Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Of many: what is buffered waits for its turn, and the feed goes on with other instances.
  void DeferHeldBack(const Hold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Defer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether a holder waits for memory. What a consumer waits for it does not hold, or all might wait for each other.
  bool Reserving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Waits for memory for one large event that comes again.
  void Reserve(Hold& hold, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Starts to read what is to come again, if anything is due and nothing is being read for it.
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
  // The end of a replay that has nothing left.
  Work FinishReplay() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Writing: in consumer_writes.cc.
  bool Dirty(SteadyTime now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Starts the next write if there is anything to write and none under way; answers who waits for nothing.
  void StartWrite(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes up to `max` events that are to be parked, and adds their rows but for those that are in the list already.
  // Returns how many it took.
  size_t AddParkedRows(ConsumerState& state, size_t max) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Its row counts no more, and goes with the next writes.
  void RemoveParked(uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint64_t ParkedMax() const { return config_.overtake ? kOvertakenParkedMax : kParkedMax; }
  // Nothing is delivered before some events leave the parked list.
  bool ParkedFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasParking() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StoredState MakeState() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string NameOf(storage::InstanceNumber instance) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnWritten(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  // The deletion of the rows, if that is due and nothing else is being written.
  Work NextDeletion(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRowsDeleted(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const ConsumerConfig config_;
  const std::shared_ptr<const storage::EventFilter> filter_;
  const storage::InstanceNumber instance_number_;  // Of a consumer of one instance.
  const storage::Timestamp created_at_;

  mutable absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  bool pumping_ ABSL_GUARDED_BY(mu_) = false;
  bool pump_again_ ABSL_GUARDED_BY(mu_) = false;
  ConsumerState state_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::unique_ptr<ReplayLane>> replays_ ABSL_GUARDED_BY(mu_);
  absl::Status closed_ ABSL_GUARDED_BY(mu_);  // Why nobody can hold it any more.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::vector<HoldPtr> holds_ ABSL_GUARDED_BY(mu_);
  std::vector<HoldPtr> ended_ ABSL_GUARDED_BY(mu_);  // That ask, and are to be told why they were ended.
  size_t next_hold_ ABSL_GUARDED_BY(mu_) = 0;        // Whose turn it is.
  HolderNumber last_hold_ ABSL_GUARDED_BY(mu_) = 0;

  // The feed, while somebody holds the consumer. A new one has another generation.
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  std::shared_ptr<storage::Instance> instance_ ABSL_GUARDED_BY(mu_);  // Of a consumer of one instance.
  std::shared_ptr<ConsumerFeed> feed_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<ConsumerFeed>> closed_feeds_ ABSL_GUARDED_BY(mu_);  // To be cancelled.
  bool feed_asked_ ABSL_GUARDED_BY(mu_) = false;
  bool feed_caught_up_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<Buffered> buffered_ ABSL_GUARDED_BY(mu_);
  uint64_t erasure_count_asked_ ABSL_GUARDED_BY(mu_) = 0;         // Of the tail, when the feed was last asked.
  std::optional<FeedGap> fed_gap_ ABSL_GUARDED_BY(mu_);           // To be told: it lies behind fed() until it is.
  std::deque<HolderGap> gaps_ ABSL_GUARDED_BY(mu_);               // To be told, of what was to come again.
  SteadyTime retry_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::max();  // When the feed is opened again.
  SteadyTime reads_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::min();  // When reads are tried again.

  // Instances of which anything is unsettled: by number, with their names; open ones while somebody holds the consumer.
  std::map<storage::InstanceNumber, std::string> names_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, std::shared_ptr<storage::Instance>> instances_ ABSL_GUARDED_BY(mu_);

  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t redelivered_ ABSL_GUARDED_BY(mu_) = 0;

  // The state on disk, and on its way there.
  ConsumerSnapshot durable_ ABSL_GUARDED_BY(mu_);
  uint64_t durable_version_ ABSL_GUARDED_BY(mu_) = 0;
  size_t durable_rows_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t last_parked_number_ ABSL_GUARDED_BY(mu_) = 0;
  ParkedIndex parked_ ABSL_GUARDED_BY(mu_);    // Those on their way to the disk included.
  NumberSet unparked_ ABSL_GUARDED_BY(mu_);    // Rows that count no more and are to be deleted.
  bool changed_ ABSL_GUARDED_BY(mu_) = false;  // Something beside `state_`'s version must be written.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;     // Nothing is written any more.
  bool write_failed_ ABSL_GUARDED_BY(mu_) = false;  // And is tried again at `write_at_`.
  SteadyTime write_at_ ABSL_GUARDED_BY(mu_);
  SteadyTime progress_at_ ABSL_GUARDED_BY(mu_);  // When progress alone is next written.
  std::vector<storage::RecordChange> write_rows_ ABSL_GUARDED_BY(mu_);
  ConsumerSnapshot write_snapshot_ ABSL_GUARDED_BY(mu_);
  uint64_t write_version_ ABSL_GUARDED_BY(mu_) = 0;
  size_t write_state_rows_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<storage::StatusCallback> in_write_ ABSL_GUARDED_BY(mu_);   // Confirmed by the write under way ...
  std::vector<storage::StatusCallback> unwritten_ ABSL_GUARDED_BY(mu_);  // ... and by the one behind it.
  std::vector<storage::StatusCallback> deletions_ ABSL_GUARDED_BY(mu_);  // Confirmed when the rows are gone.
  SteadyTime delete_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::max();        // When they are to be deleted.
  std::deque<std::pair<storage::StatusCallback, absl::Status>> answers_ ABSL_GUARDED_BY(mu_);  // Due.

  TimerQueue::Id timer_ ABSL_GUARDED_BY(mu_);
  bool timer_armed_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t timer_number_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_H_
