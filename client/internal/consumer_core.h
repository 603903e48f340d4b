// ConsumerCore: the connected side of a consumer. It keeps a Consume stream open, reopening it when it ends, queues the
// messages it receives, and sends the settlements of the consuming side (client/consumer.cc).
//
// Thread safety: all methods may be called from any thread; Take from one at a time.
// Blocking: Take, Flush, WaitForOpen and WaitForEnd.
// Settlement callbacks run without locks on the thread that completes the settlement, possibly inside Settle.
// Ownership: shared by the consumer, the attempt in flight and the timers that are running. End with Finish() or
// Fail().
#ifndef PLAYHEAD_CLIENT_INTERNAL_CONSUMER_CORE_H_
#define PLAYHEAD_CLIENT_INTERNAL_CONSUMER_CORE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/connection.h"
#include "client/consume_options.h"
#include "client/delivery.h"
#include "client/internal/backoff.h"
#include "client/internal/settlements.h"
#include "client/options.h"
#include "client/timers.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead::internal {

// One message of a stream: deliveries, or a notice.
struct ReceivedDeliveries {
  DeliveryBatch batch;
  v1::ConsumeResponse notice;  // Set if `batch` is empty.
  uint64_t stream = 0;
  size_t bytes = 0;
};

class ConsumerCore : public std::enable_shared_from_this<ConsumerCore> {
 public:
  // REQUIRES: `client_options.timers` is not nullptr.
  ConsumerCore(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
               v1::ConsumeRequest::Open open, const ConsumeOptions& options);

  // Starts the first attempt. Call once.
  void Begin() ABSL_LOCKS_EXCLUDED(mu_);

  // Waits for the next message. Messages of a stream that has ended are dropped if they were not taken: the broker
  // redelivers them.
  //   DeadlineExceeded; Cancelled after StopTaking(); or the terminal status.
  absl::Status Take(absl::Time deadline, ReceivedDeliveries& message) ABSL_LOCKS_EXCLUDED(mu_);

  // Reports that this many of the taken events will not be handed out: their stream has ended, and the broker
  // redelivers them.
  void GiveBack(size_t events) ABSL_LOCKS_EXCLUDED(mu_);

  // The stream whose deliveries can be settled; those of other streams are redelivered.
  uint64_t stream() const { return stream_.load(std::memory_order_acquire); }

  // Settles those of `cursors` that the stream still holds; see Settlements::Settle. If it holds none, `done` (if not
  // empty) is called with NOT_HELD.
  void Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors, const v1::Settlement& action,
              SettledCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // Settles everything the stream holds of the source up to `cursor`.
  void SettleUpTo(const DeliverySource& source, uint64_t cursor, const v1::Settlement& action, SettledCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Waits until every earlier settlement is confirmed or refused.
  //   DeadlineExceeded  not in time.   Unavailable  a stream ended first: some events may be redelivered.
  absl::Status Flush(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  // Notes that the program makes progress: it has handled what was handed out before.
  void NoteProgress() { progress_at_.store(absl::ToUnixMicros(timers_->Now()), std::memory_order_relaxed); }

  absl::Status WaitForOpen(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  // Stops handing out events; settlements are still sent.
  void StopTaking() ABSL_LOCKS_EXCLUDED(mu_);
  // Ends the consumer once all settlements are confirmed, or after `timeout`. Does not wait.
  void Finish(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends the consumer with `terminal`.
  void Fail(absl::Status terminal) { End(std::move(terminal)); }

  bool taking() const ABSL_LOCKS_EXCLUDED(mu_);
  void WaitForEnd() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  class Observer;

  // What to do once the lock is released.
  struct Actions {
    std::shared_ptr<ConsumeCall> call;
    bool read = false;
    bool cancel = false;
    SharedBytes write;  // Nothing to write if empty.
    std::vector<Settlements::Told> told;
    std::function<void()> on_reconnect;
    bool calls_back = false;
  };
  void Run(Actions actions) ABSL_LOCKS_EXCLUDED(mu_);
  // If the actions run callbacks, counts this thread in calling_back_: WaitForEnd() waits until they have returned.
  void NoteCallbacks(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void StartAttempt() ABSL_LOCKS_EXCLUDED(mu_);
  void OnMessage(uint64_t attempt, SharedBytes message) ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritten(uint64_t attempt) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(uint64_t attempt, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  void OnWatchdog(uint64_t attempt) ABSL_LOCKS_EXCLUDED(mu_);
  void OnExtend(uint64_t attempt) ABSL_LOCKS_EXCLUDED(mu_);
  void End(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  bool IsCurrent(uint64_t attempt) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !ended_ && running_ && attempt == attempt_;
  }
  void Deliver(ReceivedDeliveries received, Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteOpened(const v1::ConsumeResponse::Opened& opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes the credit that can be granted to the stream now, within events_max; 0 if none.
  uint32_t TakeCredit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The stream has ended: drops what it brought and fails its unconfirmed settlements.
  void DropStream(const absl::Status& why, Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds the next read and the next write to `actions` if they may be started.
  void Pump(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckFinished(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndLocked(absl::Status status, Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmWatchdog(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmExtension() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CancelTimers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Duration SilenceMax() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<Timers> timers_;
  const absl::Duration open_timeout_;
  const ConsumeOptions options_;

  std::atomic<uint64_t> stream_{0};
  std::atomic<int64_t> progress_at_{0};

  mutable absl::Mutex mu_;
  v1::ConsumeRequest::Open open_request_ ABSL_GUARDED_BY(mu_);
  Backoff backoff_ ABSL_GUARDED_BY(mu_);
  Settlements settlements_ ABSL_GUARDED_BY(mu_);

  // The attempt in flight, if `running_`.
  uint64_t attempt_ ABSL_GUARDED_BY(mu_) = 0;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<ConsumeCall> call_ ABSL_GUARDED_BY(mu_);
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool open_ ABSL_GUARDED_BY(mu_) = false;  // Its Opened was received.
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mu_);
  absl::Duration ack_deadline_ ABSL_GUARDED_BY(mu_);
  absl::Time silent_since_ ABSL_GUARDED_BY(mu_);
  absl::Status cancel_cause_ ABSL_GUARDED_BY(mu_);  // Why the watchdog canceled it.
  Timers::Id watchdog_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id extension_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id retry_ ABSL_GUARDED_BY(mu_) = 0;  // Set between attempts.
  uint64_t opened_ ABSL_GUARDED_BY(mu_) = 0;   // Streams opened so far.
  int flushing_ ABSL_GUARDED_BY(mu_) = 0;      // Threads in Flush.
  uint64_t losses_ ABSL_GUARDED_BY(mu_) = 0;   // Streams that ended with unconfirmed settlements.

  // Used with ConsumeOptions::events_max.
  uint64_t taken_events_ ABSL_GUARDED_BY(mu_) = 0;  // Over all streams.
  uint64_t credit_left_ ABSL_GUARDED_BY(mu_) = 0;   // The stream's share that was not granted yet.
  uint64_t credit_out_ ABSL_GUARDED_BY(mu_) = 0;    // Granted to the stream and not used yet.

  std::deque<ReceivedDeliveries> queue_ ABSL_GUARDED_BY(mu_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  absl::CondVar changed_;  // Signaled when anything changes that a thread may wait for.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  Timers::Id finish_ ABSL_GUARDED_BY(mu_) = 0;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  int calling_back_ ABSL_GUARDED_BY(mu_) = 0;  // Threads that run callbacks, or are about to.
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_CONSUMER_CORE_H_
