// ManyStream: one SubscribeMany over successive attempts, driven by the thread that calls Take. Between calls it only
// receives.
#ifndef PLAYHEAD_CLIENT_INTERNAL_MANY_STREAM_H_
#define PLAYHEAD_CLIENT_INTERNAL_MANY_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/options.h"
#include "client/shared_bytes.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::internal {

// Thread safety: all methods may be called from any thread; Take from one at a time.   Blocking: only Take.
// Ownership: shared with the attempt in flight.
class ManyStream : public std::enable_shared_from_this<ManyStream> {
 public:
  ManyStream(std::shared_ptr<Connection> connection, const ClientOptions& options, v1::SubscribeManyRequest request,
             size_t buffered_bytes_max, std::function<void(int, const absl::Status&)> on_reconnect);

  // Waits for the next message: an encoded v1::SubscribeManyResponse. A new stream starts after `position`, unless that
  // is empty, and repeats what an earlier one carried after it.
  //   DeadlineExceeded; Cancelled after Close(); or the terminal status.
  absl::Status Take(absl::Time deadline, const std::string& position, SharedBytes& message) ABSL_LOCKS_EXCLUDED(mu_);

  // Sets how often the broker sends something on an idle stream, as its Started says.
  void SetHeartbeatInterval(absl::Duration interval) ABSL_LOCKS_EXCLUDED(mu_);

  void Close() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  class Observer;

  void Open(const std::string& position) ABSL_LOCKS_EXCLUDED(mu_);
  void OnMessage(uint64_t attempt, SharedBytes message) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(uint64_t attempt, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  // If the next message should be requested now, returns the call on which to do so after the lock is released; else
  // nullptr.
  std::shared_ptr<SubscribeCall> ClaimRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends the attempt in flight; its later messages are ignored. Returns its call, to be canceled after the lock is
  // released.
  std::shared_ptr<SubscribeCall> EndAttempt(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Duration SilenceMax() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<Connection> connection_;
  const absl::Duration open_timeout_;
  const size_t buffered_bytes_max_;
  const std::function<void(int, const absl::Status&)> on_reconnect_;

  absl::Mutex mu_;
  absl::CondVar changed_;
  v1::SubscribeManyRequest request_ ABSL_GUARDED_BY(mu_);
  Backoff backoff_ ABSL_GUARDED_BY(mu_);
  uint64_t attempt_ ABSL_GUARDED_BY(mu_) = 0;
  bool running_ ABSL_GUARDED_BY(mu_) = false;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<SubscribeCall> call_ ABSL_GUARDED_BY(mu_);
  absl::Duration heartbeat_interval_ ABSL_GUARDED_BY(mu_);  // Zero until known.
  absl::Time heard_at_ ABSL_GUARDED_BY(mu_);
  absl::Time reopen_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  std::deque<SharedBytes> queue_ ABSL_GUARDED_BY(mu_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status ended_ ABSL_GUARDED_BY(mu_);  // Why the last attempt ended, until Take has dealt with it.
  absl::Status terminal_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_MANY_STREAM_H_
