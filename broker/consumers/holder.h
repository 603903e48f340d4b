// ConsumerHolder: one stream that holds a consumer, whatever its protocol: a gRPC stream, a WebSocket.
#ifndef PLAYHEAD_BROKER_CONSUMERS_HOLDER_H_
#define PLAYHEAD_BROKER_CONSUMERS_HOLDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/feed_position.h"
#include "broker/read/delivery.h"
#include "broker/read/start_position.h"
#include "storage/block.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker {

struct HolderOptions {
  // Ends the hold of the consumer's current holder, with CONSUMER_TAKEN_OVER. Ignored for a shared consumer.
  bool take_over = false;
  // How many events this holder may have in flight; 0, or more than the consumer's own bound, means the consumer's.
  uint32_t in_flight_max = 0;
  // Events are delivered only against credit (AddCredit), one event per credit; `in_flight_max` also applies.
  bool manual_credit = false;
  // Shown to operators: the holder's key.
  std::string key_id;
};

// Always the first delivery.
struct HolderOpened {
  ConsumerConfig config;
  FeedPosition position;
  uint32_t in_flight_max = 0;
  // Only for a consumer of one instance.
  std::shared_ptr<storage::Instance> instance;
};

// Events of one instance in cursor order. Of a slice, only `bytes` and `event_count` are meaningful.
struct HeldEvents {
  uint64_t batch = 0;  // For HandedOver.
  std::shared_ptr<storage::Instance> instance;
  std::vector<storage::BlockSlice> slices;
  size_t bytes = 0;
  uint32_t event_count = 0;
  std::vector<uint32_t> attempts;  // For each event, the delivery attempt, counted from 1; empty: the first for all.
  std::string replay_id;           // Set for events of an operator's replay; empty for regular deliveries.
};

// All events up to the end were handed over; reported once.
struct HolderCaughtUp {
  FeedPosition position;
};

// Why no events are handed over.
enum class ConsumerPause {
  kNone,            // They are.
  kInFlight,        // in_flight_max events are handed over and not settled.
  kNoCredit,        // No holder gives credit, or asks for more.
  kExceptionsFull,  // kExceptionsMax ranges wait.
  kParkedFull,      // kParkedMax events are parked.
  kStore,           // The store currently fails.
  kNoHolder,
};

// Nothing else was due for a while.
struct HolderHeartbeat {
  FeedPosition position;   // The durable position.
  uint32_t in_flight = 0;  // Events that this holder has.
  ConsumerPause pause = ConsumerPause::kNone;
};

// Events that can no longer be read, and that now count as settled.
struct HolderGap {
  std::shared_ptr<storage::Instance> instance;  // nullptr if the instance is unknown.
  Gap gap;
  bool count_known = true;
};

// `Closed`, always the last: ABORTED (CONSUMER_TAKEN_OVER, CONSUMER_RESET), NotFound (CONSUMER_NOT_FOUND: it was
// deleted; INSTANCE_DELETED), OutOfRange (CURSOR_TRIMMED unless gaps are allowed, CURSOR_DIVERGED), DataLoss,
// Unavailable (SHUTTING_DOWN), and the status given to Close.
using HolderDelivery = std::variant<HolderOpened, HeldEvents, HolderCaughtUp, HolderHeartbeat, HolderGap, Closed>;

// The outcome of events.
struct Settlement {
  enum class Action {
    kAck,         // Handled.
    kNack,        // Not handled: redelivered after `delay`, or parked if this was the last attempt.
    kPark,        // Parked at once.
    kInProgress,  // Being handled: the deadline is restarted.
  };

  storage::InstanceNumber instance;
  // Applies to the events that the holder has in [first, last]; first = Cursor() means everything up to `last`.
  storage::Cursor first;
  storage::Cursor last;
  Action action = Action::kAck;
  absl::Duration delay = absl::ZeroDuration();  // kNack: up to kNackDelayMax.
  std::string reason;                           // kNack, kPark: UTF-8, for people; cut at kParkReasonBytesMax.
  std::string replay_id;                        // As delivered with the events.
};

inline constexpr size_t kParkReasonBytesMax = 512;

// A settlement that does not count. FailedPrecondition (NOT_HELD): the holder has none of the events. InvalidArgument
// (SETTLEMENT_INVALID): the delay is over its bound.
struct RefusedSettlement {
  size_t index = 0;
  absl::Status status;
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: the consumer keeps it until it is closed; the owner that opened it must call Cancel, or Next until it gets
// Closed. Once it is closed, the events it had and did not settle go to the consumer's next holder.
class ConsumerHolder {
 public:
  using NextCallback = absl::AnyInvocable<void(HolderDelivery) &&>;

  virtual ~ConsumerHolder() = default;

  // Asks for the next delivery, as Subscription::Next does: `callback` runs exactly once, inside the call or on another
  // thread, never two at a time, unless Cancel comes first; it may call anything here. False if Cancel came before: the
  // callback will not run, and the caller must end its stream. REQUIRES: no other Next is outstanding; Closed was not
  // delivered.
  [[nodiscard]] virtual bool Next(NextCallback callback) = 0;

  // Releases the consumer. No callback of Next begins after this has returned. True if a Next was outstanding: its
  // callback will not run, and the caller must end its stream.
  virtual bool Cancel() = 0;

  // Makes the next delivery Closed with `status`. From now on, the events it has wait for other holders, and its
  // settlements are refused.
  virtual void Close(absl::Status status) = 0;

  // Notes that the transport has taken the batch: the deadlines of its events start now. Until then they have none.
  virtual void HandedOver(uint64_t batch) = 0;

  // For manual credit. Up to kInFlightMaxMax are kept; the rest lapses.
  virtual void AddCredit(uint32_t events) = 0;

  // Applies `items` in order, and returns those that do not count. `confirmed` runs once, on a thread of the log or
  // inside the call: with OK when the changes of the others, and all confirmed before them, are durable. An error means
  // that the broker is stopping, and that they may or may not count. kInProgress changes nothing durable.
  [[nodiscard]] virtual std::vector<RefusedSettlement> Settle(std::vector<Settlement> items,
                                                              storage::StatusCallback confirmed) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_HOLDER_H_
