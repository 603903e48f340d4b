// A long poll: a request that is answered when there is something to send, and whose client may give up before.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_POLL_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_POLL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "broker/http/responder.h"
#include "broker/http/response.h"
#include "broker/http/response_stream.h"

namespace playhead::broker::http::engineio {

// The answer to a poll when packets are already waiting.
Response PollResponse(std::string payload);

// The response's head is sent at once, so that the end of the connection is noticed while there is nothing to send.
// Thread safety: Answer and Abort may be called from any thread.   Blocking: none.
class Poll final : public ResponseStreamHandler, public std::enable_shared_from_this<Poll> {
 public:
  // `gone` runs once, on any thread, if the client will not get an answer and Abort was not called.
  static std::shared_ptr<Poll> Start(Responder responder, absl::AnyInvocable<void()> gone);

  ~Poll() override;

  // Call one of them, once. After Abort the client sees its request fail.
  void Answer(std::string payload) ABSL_LOCKS_EXCLUDED(mu_) { Decide(std::move(payload)); }
  void Abort() ABSL_LOCKS_EXCLUDED(mu_) { Decide(std::nullopt); }

  void OnOpen(std::shared_ptr<ResponseStream> stream) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritable() override;
  void OnStopping() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnClosed() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit Poll(absl::AnyInvocable<void()> gone) : gone_(std::move(gone)) {}

  void Decide(std::optional<std::string> payload) ABSL_LOCKS_EXCLUDED(mu_);
  // On the connection's thread.
  void Write(std::optional<std::string> payload);

  absl::AnyInvocable<void()> gone_;  // Reset once called or not needed. For the connection's thread.

  absl::Mutex mu_;                          // Guards the members below it.
  std::shared_ptr<ResponseStream> stream_;  // Set under `mu_`, on the connection's thread, which may read it without.
  bool decided_ ABSL_GUARDED_BY(mu_) = false;                // Decide was called.
  std::optional<std::string> payload_ ABSL_GUARDED_BY(mu_);  // Set if Decide was called before OnOpen.
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_POLL_H_
