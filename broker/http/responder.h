// The one answer to a request, to be given at any time from any thread.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONDER_H_
#define PLAYHEAD_BROKER_HTTP_RESPONDER_H_

#include <memory>

#include "broker/http/response.h"

namespace playhead::broker::http {

// Where a response goes. Thread safety: any thread. Blocking: none.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // Called once for each request.
  virtual void Respond(Response response) = 0;
};

// Movable and one-shot. One that is dropped unsent answers 500 INTERNAL, so that no client waits for ever.
// Thread safety: Send may be called from any thread; an object is used by one at a time.   Blocking: none.
// Ownership: every Responder must be gone before the Listener that its request came from is destroyed; Listener::Stop
// may come before, and Send then does nothing.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder() { AnswerUnsent(); }

  // REQUIRES: not sent before, and not moved from.
  void Send(Response response) &&;
  // Sends JsonError(error), and has it logged and counted.
  void Refuse(const absl::Status& error) &&;

 private:
  void AnswerUnsent();

  std::shared_ptr<ResponseSink> sink_;  // nullptr once it was sent or moved from.
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONDER_H_
