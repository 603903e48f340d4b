// ManySubscription: the counterpart of Subscription (broker/read/subscription.h) for many instances, in the order of
// the store. States, memory and calls are the same, with these differences:
//
// - It starts and continues at a position of the store, and finds instances as it meets them, so new ones are included
// automatically.
// - One read returns parts of several instances; each part is a delivery of its own, with the position after it.
// - At the head it waits for any commit. If the last commits had nothing for it, it looks again after kQuietInterval
//   rather than at the next commit, so that readers of a few quiet instances cost little while others are busy.
#ifndef PLAYHEAD_BROKER_READ_MANY_SUBSCRIPTION_H_
#define PLAYHEAD_BROKER_READ_MANY_SUBSCRIPTION_H_

#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/read/delivery_memory.h"
#include "broker/read/many_delivery.h"
#include "broker/read/start_position.h"
#include "broker/read/tail.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"
#include "storage/instance_selector.h"
#include "storage/many_reader.h"
#include "storage/store_position.h"

namespace playhead::broker {

using ManyStart = std::variant<AfterPosition, FromBeginning, FromNow, FromTime>;

struct ManySubscriptionRequest {
  // REQUIRES: it was checked that the caller may read these.
  std::shared_ptr<const storage::InstanceSelector> instances;
  ManyStart start;
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  // Trimmed history becomes a ManyGap; without this it closes the subscription with CURSOR_TRIMMED.
  bool allow_gap = false;
  std::optional<absl::Duration> heartbeat_interval;  // Unset: Limits::heartbeat_interval.
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: as for Subscription.
class ManySubscription final : public TailWaiter,
                               public ClosableStream,
                               public std::enable_shared_from_this<ManySubscription> {
 public:
  using NextCallback = absl::AnyInvocable<void(ManyDelivery) &&>;

  // How often a subscription that waits at the head looks for events while others are busy.
  static constexpr absl::Duration kQuietInterval = absl::Milliseconds(2);

  // All errors, including those of the request, are delivered as Closed.
  static std::shared_ptr<ManySubscription> Start(const Core& core, ManySubscriptionRequest request);
  // As Subscription::StartAdmitted.
  static absl::StatusOr<std::shared_ptr<ManySubscription>> StartAdmitted(const Core& core,
                                                                         ManySubscriptionRequest request,
                                                                         std::shared_ptr<Caller> caller,
                                                                         StreamRegistry::Ticket& ticket);

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

  // Drops the events of the current slice, so that they are read again: some may have been erased since.
  void DropEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The next part of the current slice; nullopt if it is a gap that closes the subscription.
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
  // Used by one thread at a time: that of a read in progress, or, if there is none, the holder of the lock.
  const std::shared_ptr<storage::ManyReader> reader_;

  std::optional<NextCallback> next_ ABSL_GUARDED_BY(mu_);
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;  // A callback is running.
  SteadyTime last_delivery_ ABSL_GUARDED_BY(mu_);

  // Everything up to `position_` was handed over or filtered out; this was reported to the protocol up to `reported_`.
  storage::StorePosition position_ ABSL_GUARDED_BY(mu_);
  storage::StorePosition reported_ ABSL_GUARDED_BY(mu_);
  bool at_end_ ABSL_GUARDED_BY(mu_) = false;     // `position_` was the end of the store.
  bool caught_up_ ABSL_GUARDED_BY(mu_) = false;  // ManyCaughtUp was delivered.
  SteadyTime look_again_ ABSL_GUARDED_BY(mu_);   // At the head, nothing is searched before this time.

  // Due, in this order. `failure_` comes first.
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  std::optional<ManyStarted> started_ ABSL_GUARDED_BY(mu_);
  // The current slice: its parts, where it ends, whether that was the end of the store, and its memory.
  std::deque<storage::InstanceEvents> parts_ ABSL_GUARDED_BY(mu_);
  storage::StorePosition slice_end_ ABSL_GUARDED_BY(mu_);
  bool slice_at_end_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t slice_erasure_count_ ABSL_GUARDED_BY(mu_) = 0;  // The tail's count, taken before any of the slice was read.
  Allowance slice_allowance_ ABSL_GUARDED_BY(mu_);
  // The last delivery was the last of its slice, and has taken the slice's memory along. The next slice may be
  // available.
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

#endif  // PLAYHEAD_BROKER_READ_MANY_SUBSCRIPTION_H_
