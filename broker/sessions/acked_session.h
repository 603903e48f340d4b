// AckedSession: one connection's hold of a session in which the client acknowledges events.
//
// The session itself is a consumer (broker/consumers), which outlives the connection and the broker: it knows which
// events were sent and not acknowledged. They come again, in order and before anything new, to the next connection of
// the same session, and only then: while a connection lasts nothing is sent twice.
//
//   Next --> events --> Sent (a frame of them) ... --> Next          Ack (a frame), in any order, at any time
//
// An event is done when all its frames are acknowledged, and without a word if none were sent for it. Acknowledgements
// reach the disk together, at most kAckWriteInterval late: a crash makes duplicates of them, never losses.
//
// Failures. Acknowledgements carry no "no", so what failed is told by what is missing when the connection ends: the
// first event that is not acknowledged, which the client was at, and those before one that is, which it has left
// behind. Each of those counts as delivered in vain; what merely was under way to the client does not. After
// kSessionDeliveriesMax of them the event is parked.
//
// Room. At most kSessionWindowEvents are sent and not acknowledged. When there are so many, a client that is just slow
// is waited for; but if it left the oldest behind, or has acknowledged nothing for kAckSilenceMax, the oldest is parked
// for each one that is to come.
#ifndef PLAYHEAD_BROKER_SESSIONS_ACKED_SESSION_H_
#define PLAYHEAD_BROKER_SESSIONS_ACKED_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/consumers/consumer_state.h"
#include "broker/consumers/holder.h"
#include "broker/core.h"
#include "broker/sessions/session_store.h"
#include "broker/timer_queue.h"
#include "storage/block.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker {

inline constexpr uint32_t kSessionWindowEvents = 1'000;
inline constexpr uint32_t kSessionDeliveriesMax = 5;
inline constexpr absl::Duration kAckWriteInterval = absl::Milliseconds(500);
// When this many acknowledgements are waiting, they are settled at once.
inline constexpr size_t kAcksPerWrite = 256;
inline constexpr absl::Duration kAckSilenceMax = absl::Seconds(60);

// Events of the session's instance, in the order of their cursors. They stay in memory until the next Next.
struct SessionEvents {
  std::vector<storage::BlockSlice> slices;
};

// `Closed`, always the last, as ConsumerHolder's: CONSUMER_TAKEN_OVER when the client's next connection came first.
using SessionDelivery = std::variant<SessionEvents, Closed>;

// Thread safety: all methods may be called from any thread; Next and Sent by one at a time.   Blocking: none.
// Ownership: shared by the connection and, weakly, by AckedSessions. Whoever has it calls End, or Next until Closed.
class AckedSession : public std::enable_shared_from_this<AckedSession> {
 public:
  using NextCallback = absl::AnyInvocable<void(SessionDelivery) &&>;

  // Of a holder that was just opened. `silence_max`: for tests.
  AckedSession(const Core& core, std::shared_ptr<storage::Instance> instance, std::shared_ptr<ConsumerHolder> holder,
               SessionStore::Use use, absl::Duration silence_max = kAckSilenceMax)
      : core_(core),
        instance_(std::move(instance)),
        silence_max_(absl::ToChronoNanoseconds(silence_max)),
        holder_(std::move(holder)),
        use_(std::move(use)),
        acked_at_(std::chrono::steady_clock::now()) {}

  const std::shared_ptr<storage::Instance>& instance() const { return instance_; }

  // Asks for the next delivery: `callback` runs exactly once, inside the call or on another thread, unless End comes
  // first, which drops it. All events of the last delivery count as passed to the client, or as having no frame.
  // REQUIRES: no other Next is outstanding; Closed was not delivered.
  void Next(NextCallback callback) ABSL_LOCKS_EXCLUDED(mu_);

  // A frame was sent: part `frame.part` of the event at `frame.cursor`, which is of the last delivery. Frames come in
  // the order of their events.
  void Sent(const storage::EventId& frame) ABSL_LOCKS_EXCLUDED(mu_);

  // The client is done with a frame. Whatever was not sent on this connection, or is acknowledged already, is passed
  // over. Returns whether it counted.
  bool Ack(const storage::EventId& frame) ABSL_LOCKS_EXCLUDED(mu_);

  // The connection is over. With `client_left` unset nothing counts as failed: it is the broker that goes. The second
  // call and later ones do nothing.
  void End(bool client_left) ABSL_LOCKS_EXCLUDED(mu_);
  // The same of a connection that another is about to take the session from, which it will be told as Closed.
  void Yield() ABSL_LOCKS_EXCLUDED(mu_) { Leave(/*client_left=*/true); }

  // Whether the connection is over, and all that it had to settle is with the consumer.
  bool IsOver() const ABSL_LOCKS_EXCLUDED(mu_);
  // Calls `done` when it is, inside the call or on the executor. A connection that has not ended after `patience`
  // yields. So the acknowledgements of a client that has come again are read to the end, and one that hangs or is
  // still there holds its successor up for no longer than that.
  void AwaitOver(absl::Duration patience, absl::AnyInvocable<void()> done) ABSL_LOCKS_EXCLUDED(mu_);

  // The oldest event that was sent and is not acknowledged; nullopt if there is none. Of those before it nothing counts
  // any more: they were parked, if they were not acknowledged.
  std::optional<storage::Cursor> first_unacked() const ABSL_LOCKS_EXCLUDED(mu_);
  // Events that were sent and not acknowledged.
  size_t unacked_events() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Event {
    absl::InlinedVector<uint16_t, 1> unacked;  // Parts that were sent.
    bool sent = false;                         // All of its parts were.
  };
  using Settlements = std::vector<Settlement>;

  // Settles what can be said of the connection. Nothing is settled any more afterwards.
  void Leave(bool client_left) ABSL_LOCKS_EXCLUDED(mu_);
  void Ask(NextCallback callback);
  void OnDelivery(NextCallback callback, HolderDelivery delivery) ABSL_LOCKS_EXCLUDED(mu_);
  // Settles without waiting for anybody. Not under the lock: the consumer may call back. `items` are of Taken.
  void Settle(Settlements items) ABSL_LOCKS_EXCLUDED(mu_);
  // Counts items that are about to be settled: until they are, the connection is not over.
  Settlements Taken(Settlements items) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TellOver() ABSL_LOCKS_EXCLUDED(mu_);
  Settlement Of(storage::Cursor first, storage::Cursor last, Settlement::Action action) const;

  // Events of the delivery behind the last frame and before `cursor` have none.
  void PassOver(storage::Cursor before) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // No more parts come of the event whose frame was sent last.
  void FinishEvent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddAck(storage::Cursor first, storage::Cursor last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What is to be settled now, and arms the timer for the rest.
  Settlements TakeDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Settlements TakeAcks() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MakeRoom(SteadyTime now, Settlements& items) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmTimer(SteadyTime at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTimer() ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const std::shared_ptr<storage::Instance> instance_;
  const std::chrono::nanoseconds silence_max_;
  const std::shared_ptr<ConsumerHolder> holder_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  SessionStore::Use use_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool asking_ ABSL_GUARDED_BY(mu_) = false;
  // The last delivery: what of it is not yet known to be sent, or to have no frame.
  std::vector<Run> delivered_ ABSL_GUARDED_BY(mu_);
  uint64_t batch_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<storage::Cursor> sending_ ABSL_GUARDED_BY(mu_);  // The event whose frame was sent last.
  absl::btree_map<storage::Cursor, Event> unacked_ ABSL_GUARDED_BY(mu_);
  storage::Cursor last_acked_ ABSL_GUARDED_BY(mu_);  // The last event that the client has acknowledged.
  SteadyTime acked_at_ ABSL_GUARDED_BY(mu_);         // When it last acknowledged anything.
  std::vector<Run> acks_ ABSL_GUARDED_BY(mu_);       // Not yet settled.
  size_t acked_events_ ABSL_GUARDED_BY(mu_) = 0;     // In them.
  std::optional<TimerQueue::Id> timer_ ABSL_GUARDED_BY(mu_);
  size_t settling_ ABSL_GUARDED_BY(mu_) = 0;                              // Threads that are at it.
  std::vector<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);  // For it to be over.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_ACKED_SESSION_H_
