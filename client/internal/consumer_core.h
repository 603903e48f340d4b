// ConsumerCore: the connected side of a consumer. It keeps one Consume stream after another going, queues what arrives,
// and sends what the consuming side (client/consumer.cc) settles.
//
// Thread safety: all methods may be called from any thread; Take from one at a time.
// Blocking: Take, Flush, WaitForOpen and WaitForEnd.
// Callbacks of settlements run without locks on whatever thread finds them due, also inside Settle.
// Ownership: held by whoever consumes; the attempt and the timers hold it too while they run. End with Finish() or
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
  v1::ConsumeResponse notice;  // If `batch` is empty.
  uint64_t stream = 0;
  size_t bytes = 0;
};

class ConsumerCore : public std::enable_shared_from_this<ConsumerCore> {
 public:
  // `client_options.timers` is set.
  ConsumerCore(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
               v1::ConsumeRequest::Open open, const ConsumeOptions& options);

  // Starts the first attempt. Once.
  void Begin() ABSL_LOCKS_EXCLUDED(mu_);

  // Waits for the next message. What an ended stream brought and was not taken is dropped: it comes again.
  //   DeadlineExceeded; Cancelled after StopTaking(); or the terminal status.
  absl::Status Take(absl::Time deadline, ReceivedDeliveries& message) ABSL_LOCKS_EXCLUDED(mu_);

  // So many events of what was taken will not be handed out: their stream has ended, and they come again.
  void GiveBack(size_t events) ABSL_LOCKS_EXCLUDED(mu_);

  // The stream on which deliveries can be settled; those of others come again.
  uint64_t stream() const { return stream_.load(std::memory_order_acquire); }

  // Settles what of `cursors` the stream still holds; see Settlements::Settle. `done`, if not empty, hears NOT_HELD if
  // it holds none of them.
  void Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors, const v1::Settlement& action,
              SettledCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // The same for everything that is held of the source up to `cursor`.
  void SettleUpTo(const DeliverySource& source, uint64_t cursor, const v1::Settlement& action, SettledCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Waits until everything settled before is confirmed or refused.
  //   DeadlineExceeded  not in time.   Unavailable  a stream ended first: some of it may not count and comes again.
  absl::Status Flush(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  // The program goes on: what was handed out before is handled.
  void NoteProgress() { progress_at_.store(absl::ToUnixMicros(timers_->Now()), std::memory_order_relaxed); }

  absl::Status WaitForOpen(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  // Hands out nothing more; settlements still go.
  void StopTaking() ABSL_LOCKS_EXCLUDED(mu_);
  // Ends it once what was settled is confirmed, or `timeout` is over. Does not wait.
  void Finish(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends it with `terminal`.
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
    SharedBytes write;  // Empty: nothing.
    std::vector<Settlements::Told> told;
  };
  static void Run(Actions actions);

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
  // What of the bound of events_max the stream may be given now; 0 if nothing.
  uint32_t TakeCredit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The stream is over: what it brought, and what was settled on it and is not confirmed.
  void DropStream(const absl::Status& why, Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds the next read and write, as far as they may be started.
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

  // The attempt that is running, if `running_`.
  uint64_t attempt_ ABSL_GUARDED_BY(mu_) = 0;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<ConsumeCall> call_ ABSL_GUARDED_BY(mu_);
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool open_ ABSL_GUARDED_BY(mu_) = false;  // Its Opened has come.
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mu_);
  absl::Duration ack_deadline_ ABSL_GUARDED_BY(mu_);
  absl::Time silent_since_ ABSL_GUARDED_BY(mu_);
  absl::Status cancel_cause_ ABSL_GUARDED_BY(mu_);  // Why the watchdog ended it.
  Timers::Id watchdog_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id extension_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id retry_ ABSL_GUARDED_BY(mu_) = 0;  // Between attempts.
  uint64_t opened_ ABSL_GUARDED_BY(mu_) = 0;   // How many streams were.
  int flushing_ ABSL_GUARDED_BY(mu_) = 0;      // Who waits in Flush.
  uint64_t losses_ ABSL_GUARDED_BY(mu_) = 0;   // How many ended with settlements that were not confirmed.

  // With ConsumeOptions::events_max.
  uint64_t taken_events_ ABSL_GUARDED_BY(mu_) = 0;  // Over all streams.
  uint64_t credit_left_ ABSL_GUARDED_BY(mu_) = 0;   // Of the stream's share, not given to it yet.
  uint64_t credit_out_ ABSL_GUARDED_BY(mu_) = 0;    // Given to it and not used yet.

  std::deque<ReceivedDeliveries> queue_ ABSL_GUARDED_BY(mu_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  absl::CondVar changed_;  // Of anything that somebody may wait for.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  Timers::Id finish_ ABSL_GUARDED_BY(mu_) = 0;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_CONSUMER_CORE_H_
