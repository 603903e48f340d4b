// ManySubscription: the twin of Subscription over many instances (broker/subscription.h), in the order of the store.
// The same states, memory and calls; what differs:
//
// - It starts and goes on at a position of the store, and finds instances as it meets them: new ones join by
// themselves.
// - One read brings parts of several instances; each is a delivery of its own, with the position behind it.
// - At the head it waits for any commit. If the last ones had nothing for it, it looks again after kQuietInterval
//   rather than at the next one, so that the readers of a quiet few cost little while others are busy.
#ifndef PLAYHEAD_BROKER_MANY_SUBSCRIPTION_H_
#define PLAYHEAD_BROKER_MANY_SUBSCRIPTION_H_

#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/delivery_memory.h"
#include "broker/many_delivery.h"
#include "broker/start_position.h"
#include "broker/stream_registry.h"
#include "broker/tail.h"
#include "broker/timer_queue.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"
#include "storage/instance_selector.h"
#include "storage/many_reader.h"
#include "storage/store_position.h"

namespace playhead::broker {

using ManyStart = std::variant<AfterPosition, FromBeginning, FromNow, FromTime>;

struct ManySubscriptionRequest {
  // That the caller may read these was checked before.
  std::shared_ptr<const storage::InstanceSelector> instances;
  ManyStart start;
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  // Trimmed history becomes a ManyGap; without this it closes the subscription with CURSOR_TRIMMED.
  bool allow_gap = false;
  std::optional<absl::Duration> heartbeat_interval;  // Unset: Limits::heartbeat_interval.
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: as of Subscription.
class ManySubscription final : public TailWaiter,
                               public ClosableStream,
                               public std::enable_shared_from_this<ManySubscription> {
 public:
  using NextCallback = absl::AnyInvocable<void(ManyDelivery) &&>;

  // How often a subscription that waits at the head looks for events while others are busy.
  static constexpr absl::Duration kQuietInterval = absl::Milliseconds(2);

  // Errors of the request come as Closed, as every error does.
  static std::shared_ptr<ManySubscription> Start(const Core& core, ManySubscriptionRequest request);

  ~ManySubscription() override = default;

  // As Subscription::Next, Cancel, TakeOver and Close.
  [[nodiscard]] bool Next(NextCallback callback) ABSL_LOCKS_EXCLUDED(mu_);
  bool Cancel() ABSL_LOCKS_EXCLUDED(mu_);
  ByteBudget::Grant TakeOver(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

  void Wake() override { Pump(); }

 private:
  enum class State { kStarting, kCatchingUp, kLive, kClosed };
  using Allowance = DeliveryMemory::Allowance;

  ManySubscription(const Core& core, ManySubscriptionRequest request);

  void Resolve();
  void OnStart(absl::StatusOr<storage::StorePosition> after) ABSL_LOCKS_EXCLUDED(mu_);

  // As in Subscription.
  void Pump() ABSL_LOCKS_EXCLUDED(mu_);
  std::optional<ManyDelivery> Step() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<ManyDelivery> HeartbeatIfDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimer(SteadyTime deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTimer(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void LetGo() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Drops the events of the slice at hand, to be read again: some may have been erased since it was read.
  void DropEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The next part of the slice at hand; nullopt if it is a gap that closes the subscription.
  std::optional<ManyDelivery> DeliverPart() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<ManyDelivery> DeliverGap(const storage::InstanceEvents& part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool FetchMore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SliceBlocks(const Tail::Taken& taken, uint64_t erasure_count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartReadAhead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartRead(Allowance allowance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRead(Allowance allowance, uint64_t erasure_count, absl::StatusOr<storage::ManyReadResult> result)
      ABSL_LOCKS_EXCLUDED(mu_);
  void Accept(storage::ManyReadResult result, uint64_t erasure_count, Allowance allowance)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnReserved(ByteBudget::Grant grant) ABSL_LOCKS_EXCLUDED(mu_);
  storage::ManyReadOptions ReadOptions(const Allowance& allowance) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Core core_;
  const ManySubscriptionRequest request_;

  absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  State state_ ABSL_GUARDED_BY(mu_) = State::kStarting;
  // Used by one at a time: a read under way, or whoever holds the lock while there is none.
  const std::shared_ptr<storage::ManyReader> reader_;

  std::optional<NextCallback> next_ ABSL_GUARDED_BY(mu_);
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;  // A callback is running.
  SteadyTime last_delivery_ ABSL_GUARDED_BY(mu_);

  // Everything up to `position_` was handed over or filtered out; the protocol knows so up to `reported_`.
  storage::StorePosition position_ ABSL_GUARDED_BY(mu_);
  storage::StorePosition reported_ ABSL_GUARDED_BY(mu_);
  bool at_end_ ABSL_GUARDED_BY(mu_) = false;     // `position_` was the end of the store.
  bool caught_up_ ABSL_GUARDED_BY(mu_) = false;  // ManyCaughtUp was delivered.
  SteadyTime look_again_ ABSL_GUARDED_BY(mu_);   // Nothing is looked for at the head before this.

  // Due, in this order. `failure_` comes first.
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  std::optional<ManyStarted> started_ ABSL_GUARDED_BY(mu_);
  // The slice at hand: its parts, where it ends, whether that was the end of the store, and what it holds in memory.
  std::deque<storage::InstanceEvents> parts_ ABSL_GUARDED_BY(mu_);
  storage::StorePosition slice_end_ ABSL_GUARDED_BY(mu_);
  bool slice_at_end_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t slice_erasure_count_ ABSL_GUARDED_BY(mu_) = 0;  // Of the tail, before any of it was read.
  Allowance slice_allowance_ ABSL_GUARDED_BY(mu_);
  // What was delivered last was the last of its slice, and what that held went with it. The next slice may be there.
  bool slice_handed_over_ ABSL_GUARDED_BY(mu_) = false;

  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool reserving_ ABSL_GUARDED_BY(mu_) = false;  // Waits for the budget to grant a large event.
  DeliveryMemory memory_ ABSL_GUARDED_BY(mu_);

  // One timer at most, as in Subscription.
  TimerQueue::Id timer_ ABSL_GUARDED_BY(mu_);
  uint64_t timer_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool timer_armed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_MANY_SUBSCRIPTION_H_
