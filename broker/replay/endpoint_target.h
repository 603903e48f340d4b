// EndpointTarget: sends each event to an endpoint as a POST, and repeats it until the endpoint has accepted it.
#ifndef PLAYHEAD_BROKER_REPLAY_ENDPOINT_TARGET_H_
#define PLAYHEAD_BROKER_REPLAY_ENDPOINT_TARGET_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "broker/replay/http_poster.h"
#include "broker/replay/target.h"
#include "broker/timer_queue.h"
#include "broker/webhook/secret_store.h"

namespace playhead::broker::replay {

// The request for an event: its data as the body, and its other fields in headers. In names and values, bytes that a
// header cannot carry are percent-encoded: every byte except visible ASCII, and `%` itself.
//   playhead-replay, playhead-instance, playhead-cursor, playhead-type, playhead-appended-at (microseconds);
//   playhead-id, playhead-created-at, playhead-attributes (k=v&k=v; there `&` and `=` are encoded too) where it has
//   them; X-Hub-Signature-256 with `app_secret`.
std::shared_ptr<HttpRequest> MakeRequest(const Endpoint& endpoint, const std::string& replay_id,
                                         const ReplayedEvent& event, const std::optional<std::string>& app_secret);

// The secret with which events of `instance` are signed: its own, or that for all instances without one.
std::optional<std::string> FindAppSecret(const webhook::SecretStore& secrets, absl::string_view instance);

// 2xx means accepted; after 408, 429, 5xx, no answer or no connection the event is tried again, up to kAttemptsMax
// times; any other answer, including a redirect, is a refusal.
// Ownership: keeps itself alive while an event is in progress; borrows `timers` and `secrets`.
class EndpointTarget final : public Target, public std::enable_shared_from_this<EndpointTarget> {
 public:
  struct Options {
    std::string replay_id;
    Endpoint endpoint;
    bool sign = false;
  };

  EndpointTarget(Options options, std::shared_ptr<HttpPoster> poster, TimerQueue& timers,
                 const webhook::SecretStore& secrets)
      : options_(std::move(options)), poster_(std::move(poster)), timers_(timers), secrets_(secrets) {}

  void Send(ReplayedEvent event, Done done) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status problem() const override ABSL_LOCKS_EXCLUDED(mu_);
  void Pause() override ABSL_LOCKS_EXCLUDED(mu_);
  void Stop() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Attempt() ABSL_LOCKS_EXCLUDED(mu_);
  void OnAnswer(absl::StatusOr<unsigned> status) ABSL_LOCKS_EXCLUDED(mu_);
  void Finish(SendOutcome outcome, absl::Status problem) ABSL_LOCKS_EXCLUDED(mu_);

  const Options options_;
  const std::shared_ptr<HttpPoster> poster_;
  TimerQueue& timers_;
  const webhook::SecretStore& secrets_;

  mutable absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  std::shared_ptr<HttpRequest> request_ ABSL_GUARDED_BY(mu_);
  Done done_ ABSL_GUARDED_BY(mu_);
  int attempts_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status problem_ ABSL_GUARDED_BY(mu_);  // The error of the last attempt.
  TimerQueue::Id timer_ ABSL_GUARDED_BY(mu_);
  bool waiting_ ABSL_GUARDED_BY(mu_) = false;  // For the timer.
  bool paused_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_ENDPOINT_TARGET_H_
