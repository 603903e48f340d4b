// Subscription: "from this position, with this filter, give me what comes next when I can write". It knows no protocol;
// gRPC streams, WebSockets and SSE differ only in how they frame what they get here.
//
//                 position known                          head reached: CaughtUp, once
//     [starting] ---------------> [catching up] ------------------------------------> [live]
//         |         Started             |   ^------------------------------------------- |
//         |                             |         too slow for the tail: storage again   |
//         |   error                     |   error, deletion, Close()                     |
//         +-------------------------> [closed] <-----------------------------------------+
//                                     Closed, or nothing after Cancel()
//
// Catching up reads storage, one slice ahead of what the protocol is writing. Near the head slices come from the tail,
// and at the head the subscription waits there. Whatever the source, a slice is what lies behind the position reached,
// so no event comes twice, none is missed, and they come in order (broker/read/tail.h has the seam).
//
// Memory: undelivered and handed-over slices together take Limits::delivery_bytes_free at no charge; more is drawn from
// the delivery budget and given back when Next is called again, which says that the write is done. A slow reader thus
// holds one message and at most one slice behind it, and slows nobody.
#ifndef PLAYHEAD_BROKER_READ_SUBSCRIPTION_H_
#define PLAYHEAD_BROKER_READ_SUBSCRIPTION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/read/delivery.h"
#include "broker/read/delivery_memory.h"
#include "broker/read/start_position.h"
#include "broker/read/tail.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"

namespace playhead::broker {

struct SubscriptionRequest {
  std::string instance;  // The name. It is opened for `caller`, and created if need be.
  // Instead of a name: an instance that is already open. If it is deleted, a later one of the same name is not read.
  std::shared_ptr<storage::Instance> opened;
  StartPosition start;
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  // Trimmed history becomes a Gap; without this it closes the subscription with CURSOR_TRIMMED.
  bool allow_gap = false;
  // For the quota of instances; nullptr is the broker itself. That the caller may read was checked before.
  std::shared_ptr<Caller> caller;
  std::optional<absl::Duration> heartbeat_interval;  // Unset: Limits::heartbeat_interval.
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows what `core` refers to. Whoever starts one calls Cancel, or Next until it has got Closed; until
// then it keeps itself alive.
class Subscription final : public TailWaiter, public ClosableStream, public std::enable_shared_from_this<Subscription> {
 public:
  using NextCallback = absl::AnyInvocable<void(Delivery) &&>;

  // Errors of the request come as Closed, as every error does.
  static std::shared_ptr<Subscription> Start(const Core& core, SubscriptionRequest request);
  // As Start, but first takes the stream's place, for `caller`, into `ticket`. A stream that is refused there has begun
  // nothing and created no instance. Errors: those of StreamRegistry::Admit.
  static absl::StatusOr<std::shared_ptr<Subscription>> StartAdmitted(const Core& core, SubscriptionRequest request,
                                                                     std::shared_ptr<Caller> caller,
                                                                     StreamRegistry::Ticket& ticket);

  ~Subscription() override = default;

  // Asks for the next delivery; says that the one before is written. `callback` runs exactly once, inside the call or
  // on another thread, never two at a time, unless Cancel comes first. It may call Next and Cancel. False if Cancel
  // came before: the callback will not run, and the caller must end its stream. REQUIRES: no other Next is outstanding,
  // and Closed was not delivered.
  [[nodiscard]] bool Next(NextCallback callback) ABSL_LOCKS_EXCLUDED(mu_);

  // No callback begins after this has returned; one that has begun on another thread may still be running. True if a
  // Next was outstanding, whose callback now will not run: the caller must end its stream. So, of the calls that race,
  // exactly one learns that it is the last: this one, or the running callback's Next, or the next Next.
  bool Cancel() ABSL_LOCKS_EXCLUDED(mu_);

  // Whoever keeps up to `bytes` of the delivery beyond the next Next answers for their memory from now on: returns what
  // they draw from the budget, beyond the free part. REQUIRES: called from the callback that has got Events.
  ByteBudget::Grant TakeOver(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);

  // The next delivery is Closed with `status`, at once if a Next is outstanding.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

  void Wake() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  enum class State { kStarting, kCatchingUp, kLive, kClosed };

  using Allowance = DeliveryMemory::Allowance;

  struct Slice {
    Events events;
    bool at_end = false;  // It reached what was then the end of the log.
    Allowance allowance;
    uint64_t erasure_count = 0;  // Of the tail, before any of it was read.
  };

  Subscription(const Core& core, SubscriptionRequest request)
      : core_(core), request_(std::move(request)), memory_(core.limits, core.delivery_budget) {}

  // Opening.
  void Open();
  void OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnStart(absl::StatusOr<storage::Cursor> after) ABSL_LOCKS_EXCLUDED(mu_);

  // Delivers as long as there is something to deliver and someone to take it. Only one thread at a time does.
  void Pump() ABSL_LOCKS_EXCLUDED(mu_);
  // What is due now; nullopt if something is under way that calls Pump later. REQUIRES: a Next is outstanding.
  std::optional<Delivery> Step() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<Delivery> HeartbeatIfDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Delivery Deliver(Slice slice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimer(SteadyTime deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTimer(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  // Lets go of everything held elsewhere. The last step of every way to end.
  void LetGo() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Checks that what lies behind the position is still kept: else notes a gap or closes. True if reading can go on.
  bool CheckTrimmed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Goes on from the position: takes a slice from the tail, or starts reading storage, or waits at the head. True if
  // there is something new to look at; false if something is under way that calls Pump later.
  bool FetchMore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SliceBlocks(const std::vector<std::shared_ptr<const storage::Block>>& blocks, bool at_end,
                   uint64_t erasure_count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartReadAhead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartRead(Allowance allowance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRead(Allowance allowance, uint64_t erasure_count, absl::StatusOr<storage::ReadResult> result)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Takes in a slice that ends at `last`: as the next to deliver, or as progress if the filter left nothing of it. A
  // slice too large for its allowance (one large event) is dropped and read again once the budget has granted it.
  void Accept(Slice slice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void OnReserved(ByteBudget::Grant grant) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const SubscriptionRequest request_;

  absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  State state_ ABSL_GUARDED_BY(mu_) = State::kStarting;
  std::shared_ptr<storage::Instance> instance_ ABSL_GUARDED_BY(mu_);
  Tail::Handle tail_ ABSL_GUARDED_BY(mu_);

  std::optional<NextCallback> next_ ABSL_GUARDED_BY(mu_);
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;  // A callback is running.
  SteadyTime last_delivery_ ABSL_GUARDED_BY(mu_);

  // Everything up to `position_` was handed over or filtered out; the protocol knows so up to `reported_`.
  storage::Cursor position_ ABSL_GUARDED_BY(mu_);
  storage::Cursor reported_ ABSL_GUARDED_BY(mu_);
  storage::Cursor head_at_start_ ABSL_GUARDED_BY(mu_);
  bool at_end_ ABSL_GUARDED_BY(mu_) = false;     // `position_` was the end of the log, or of the tail.
  bool caught_up_ ABSL_GUARDED_BY(mu_) = false;  // CaughtUp was delivered.

  // Due, in this order. `failure_` comes first.
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  std::optional<Started> started_ ABSL_GUARDED_BY(mu_);
  std::optional<Gap> gap_ ABSL_GUARDED_BY(mu_);
  std::optional<Slice> ready_ ABSL_GUARDED_BY(mu_);

  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool reserving_ ABSL_GUARDED_BY(mu_) = false;  // Waits for the budget to grant a large event.
  DeliveryMemory memory_ ABSL_GUARDED_BY(mu_);

  // One timer at most: it looks when a heartbeat is due, and is set anew only when one is due earlier.
  TimerQueue::Id timer_ ABSL_GUARDED_BY(mu_);
  uint64_t timer_number_ ABSL_GUARDED_BY(mu_) = 0;  // Of the timer last armed.
  bool timer_armed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_SUBSCRIPTION_H_
