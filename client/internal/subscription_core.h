// SubscriptionCore: the receiving side of a subscription. It keeps a stream open, resuming after the last event handled
// when it ends, and queues messages; the consuming side (client/subscriber.cc) takes them and reports what was handled.
//
// Thread safety: all methods may be called from any thread; Take from one at a time.
// Blocking: only Take and WaitForOpen.
// Ownership: shared by the subscription, the attempt in flight and the timers that are running. End with Close().
#ifndef PLAYHEAD_CLIENT_INTERNAL_SUBSCRIPTION_CORE_H_
#define PLAYHEAD_CLIENT_INTERNAL_SUBSCRIPTION_CORE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/options.h"
#include "client/shared_bytes.h"
#include "client/timers.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::internal {

// One message of a stream: events, still encoded, or a notice.
struct Received {
  SharedBytes events;
  v1::SubscribeResponse notice;  // Set if `events` is empty.
  uint64_t stream = 0;           // The number of its stream; see SubscriptionCore::stream().
};

class SubscriptionCore : public std::enable_shared_from_this<SubscriptionCore> {
 public:
  // `request` says where to start the first time. REQUIRES: `options.timers` is not nullptr.
  SubscriptionCore(std::shared_ptr<Connection> connection, const ClientOptions& options, v1::SubscribeRequest request,
                   size_t buffered_bytes_max, std::function<void(int, const absl::Status&)> on_reconnect);

  // Starts the first attempt. Call once.
  void Begin() ABSL_LOCKS_EXCLUDED(mu_);

  // Waits for the next message. When a new stream opens, messages of the old one that were not taken are dropped: the
  // new one carries everything after position().
  //   DeadlineExceeded; Cancelled after Close(); or the terminal status once everything received was taken.
  absl::Status Take(absl::Time deadline, Received& message) ABSL_LOCKS_EXCLUDED(mu_);

  // The number of the stream whose events may be handed out, counted from 1: it repeats what earlier ones carried.
  uint64_t stream() const { return stream_.load(std::memory_order_acquire); }

  // Notes that everything up to `cursor` was handled.
  void SetPosition(uint64_t cursor) { position_.store(cursor, std::memory_order_release); }
  uint64_t position() const { return position_.load(std::memory_order_acquire); }
  uint64_t head_cursor() const { return head_cursor_.load(std::memory_order_relaxed); }

  absl::Status WaitForOpen(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  // End the subscription, as closed or with `terminal`, and drop what was not taken. Only the first call counts.
  void Close() { End(absl::OkStatus(), /*drop=*/true); }
  void Fail(absl::Status terminal) { End(std::move(terminal), /*drop=*/true); }

  bool ended() const { return ended_flag_.load(std::memory_order_acquire); }
  bool closed() const { return ended() && status().ok(); }
  void WaitForEnd() ABSL_LOCKS_EXCLUDED(mu_);
  // OK until it failed.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  class Observer;

  void StartAttempt() ABSL_LOCKS_EXCLUDED(mu_);
  void OnMessage(uint64_t attempt, SharedBytes message) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(uint64_t attempt, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  void OnWatchdog(uint64_t attempt) ABSL_LOCKS_EXCLUDED(mu_);
  // With `drop`, what was received and not taken is not handed out any more.
  void End(absl::Status status, bool drop) ABSL_LOCKS_EXCLUDED(mu_);

  void Queue(Received received) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteOpened(const v1::SubscribeResponse::Started& started) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // If the next message should be requested now, returns the call on which to do so after the lock is released; else
  // nullptr.
  std::shared_ptr<SubscribeCall> ClaimRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmWatchdog(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // How long the stream may be silent; infinite if the broker named no interval.
  absl::Duration SilenceMax() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<Timers> timers_;
  const absl::Duration open_timeout_;
  const size_t buffered_bytes_max_;
  const std::function<void(int, const absl::Status&)> on_reconnect_;

  std::atomic<uint64_t> position_{0};
  std::atomic<uint64_t> head_cursor_{0};
  std::atomic<uint64_t> stream_{0};
  std::atomic<bool> ended_flag_{false};

  mutable absl::Mutex mu_;
  v1::SubscribeRequest request_ ABSL_GUARDED_BY(mu_);
  bool position_known_ ABSL_GUARDED_BY(mu_);  // If not, the next attempt starts as `request_` says.
  Backoff backoff_ ABSL_GUARDED_BY(mu_);

  // The attempt in flight, if `running_`.
  uint64_t attempt_ ABSL_GUARDED_BY(mu_) = 0;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<SubscribeCall> call_ ABSL_GUARDED_BY(mu_);
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool open_ ABSL_GUARDED_BY(mu_) = false;  // Its Started was received.
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mu_);
  absl::Time silent_since_ ABSL_GUARDED_BY(mu_);
  absl::Status cancel_cause_ ABSL_GUARDED_BY(mu_);  // Why the watchdog canceled it.
  Timers::Id watchdog_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id retry_ ABSL_GUARDED_BY(mu_) = 0;  // Set between attempts.

  std::deque<Received> queue_ ABSL_GUARDED_BY(mu_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  absl::CondVar changed_;  // Signaled when queue_, ended_ or stream_ change.
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  int calling_back_ ABSL_GUARDED_BY(mu_) = 0;  // Threads that run on_reconnect, or are about to.
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_SUBSCRIPTION_CORE_H_
