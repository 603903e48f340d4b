// AckedSession: one connection's hold of a session in which the client acknowledges events.
//
// The session itself is a consumer (broker/consumers), which outlives the connection and the broker: it knows which
// events were sent and not acknowledged. These are redelivered, in order and before any new event, to the next
// connection of the same session, and only then: during one connection nothing is sent twice.
//
//   Next --> events --> Sent (a frame of them) ... --> Next          Ack (a frame), in any order, at any time
//
// An event is done when all its frames are acknowledged, or at once if no frame was sent for it. Acknowledgements are
// written to disk together, at most kAckWriteInterval late: a crash can cause duplicates, but never losses.
//
// Failures. There are no negative acknowledgements, so failures are derived from what is missing when the connection
// ends: the first unacknowledged event, at which the client was, and unacknowledged events before an acknowledged one,
// which the client has skipped. Each of these counts one failed delivery; events that were merely on their way to the
// client do not. After kSessionDeliveriesMax failed deliveries an event is parked.
//
// Window. At most kSessionWindowEvents may be sent and not acknowledged. When that is reached, the session waits for a
// client that is only slow; but if the client has skipped the oldest event, or has acknowledged nothing for
// kAckSilenceMax, the oldest event is parked for each new one to be sent.
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
// When this many acknowledgements wait, they are settled at once.
inline constexpr size_t kAcksPerWrite = 256;
inline constexpr absl::Duration kAckSilenceMax = absl::Seconds(60);

// Events of the session's instance, in the order of their cursors. They stay in memory until the next Next.
struct SessionEvents {
  std::vector<storage::BlockSlice> slices;
};

// `Closed`, always the last, as ConsumerHolder's: CONSUMER_TAKEN_OVER when the client's next connection came first.
using SessionDelivery = std::variant<SessionEvents, Closed>;

// Thread safety: all methods may be called from any thread; Next and Sent by one at a time.   Blocking: none.
// Ownership: shared by the connection and, weakly, by AckedSessions. The owner must call End, or Next until Closed.
class AckedSession : public std::enable_shared_from_this<AckedSession> {
 public:
  using NextCallback = absl::AnyInvocable<void(SessionDelivery) &&>;

  // `holder` was just opened. `silence_max` is for tests.
  AckedSession(const Core& core, std::shared_ptr<storage::Instance> instance, std::shared_ptr<ConsumerHolder> holder,
               SessionStore::Use use, absl::Duration silence_max = kAckSilenceMax)
      : core_(core),
        instance_(std::move(instance)),
        silence_max_(absl::ToChronoNanoseconds(silence_max)),
        holder_(std::move(holder)),
        use_(std::move(use)),
        acked_at_(SteadyNow()) {}

  const std::shared_ptr<storage::Instance>& instance() const { return instance_; }

  // Asks for the next delivery: `callback` runs exactly once, inside the call or on another thread, unless End comes
  // first, which drops it. All events of the last delivery count as passed to the client, or as having no frame.
  // REQUIRES: no other Next is outstanding; Closed was not delivered.
  void Next(NextCallback callback) ABSL_LOCKS_EXCLUDED(mu_);

  // A frame was sent: part `frame.part` of the event at `frame.cursor`, which is of the last delivery. Frames come in
  // the order of their events.
  void Sent(const storage::EventId& frame) ABSL_LOCKS_EXCLUDED(mu_);

  // The client is done with a frame. A frame that was not sent on this connection, or is already acknowledged, is
  // ignored. Returns whether the acknowledgement counted.
  bool Ack(const storage::EventId& frame) ABSL_LOCKS_EXCLUDED(mu_);

  // Ends the connection. If `client_left` is false, nothing counts as failed, since the broker is stopping. Only the
  // first call has an effect.
  void End(bool client_left) ABSL_LOCKS_EXCLUDED(mu_);
  // The same for a connection from which another is about to take over the session; this connection will get Closed.
  void Yield() ABSL_LOCKS_EXCLUDED(mu_) { Leave(/*client_left=*/true); }

  // Whether the connection is over, and the consumer has all of its settlements.
  bool IsOver() const ABSL_LOCKS_EXCLUDED(mu_);
  // Calls `done` on the executor when that is the case. A connection that has not ended after `patience` yields. So the
  // acknowledgements of a client that has reconnected are read to the end, and an old connection that hangs or is still
  // open delays its successor by no more than `patience`.
  void AwaitOver(absl::Duration patience, absl::AnyInvocable<void()> done) ABSL_LOCKS_EXCLUDED(mu_);

  // The oldest event that was sent and is not acknowledged; nullopt if there is none. Earlier events are done:
  // acknowledged, or parked.
  std::optional<storage::Cursor> first_unacked() const ABSL_LOCKS_EXCLUDED(mu_);
  // Events that were sent and not acknowledged.
  size_t unacked_events() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Event {
    absl::InlinedVector<uint16_t, 1> unacked;  // Parts that were sent.
    bool sent = false;                         // Whether all of its parts were sent.
  };
  using Settlements = std::vector<Settlement>;

  // Makes the final settlements of the connection. Nothing is settled afterwards.
  void Leave(bool client_left) ABSL_LOCKS_EXCLUDED(mu_);
  void Ask(NextCallback callback);
  void OnDelivery(NextCallback callback, HolderDelivery delivery) ABSL_LOCKS_EXCLUDED(mu_);
  // Settles without waiting. Not under the lock, since the consumer may call back. `items` are those of Taken.
  void Settle(Settlements items) ABSL_LOCKS_EXCLUDED(mu_);
  // Counts items that are about to be settled: until then, the connection is not over.
  Settlements Taken(Settlements items) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TellOver() ABSL_LOCKS_EXCLUDED(mu_);
  Settlement Of(storage::Cursor first, storage::Cursor last, Settlement::Action action) const;

  // Notes that events of the delivery after the last frame and before `cursor` have no frame.
  void PassOver(storage::Cursor before) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Notes that the event whose frame was sent last has no more parts.
  void FinishEvent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddAck(storage::Cursor first, storage::Cursor last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Returns what to settle now, and arms the timer for the rest.
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
  // The rest of the last delivery: events not yet known to be sent, or to have no frame.
  std::vector<Run> delivered_ ABSL_GUARDED_BY(mu_);
  uint64_t batch_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<storage::Cursor> sending_ ABSL_GUARDED_BY(mu_);  // The event whose frame was sent last.
  absl::btree_map<storage::Cursor, Event> unacked_ ABSL_GUARDED_BY(mu_);
  storage::Cursor last_acked_ ABSL_GUARDED_BY(mu_);  // The last event that the client has acknowledged.
  SteadyTime acked_at_ ABSL_GUARDED_BY(mu_);         // When it last acknowledged anything.
  std::vector<Run> acks_ ABSL_GUARDED_BY(mu_);       // Not yet settled.
  size_t acked_events_ ABSL_GUARDED_BY(mu_) = 0;     // In them.
  std::optional<TimerQueue::Id> timer_ ABSL_GUARDED_BY(mu_);
  size_t settling_ ABSL_GUARDED_BY(mu_) = 0;                              // Threads that are settling.
  std::vector<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);  // Callbacks that wait for the connection to
                                                                          // be over.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_ACKED_SESSION_H_
