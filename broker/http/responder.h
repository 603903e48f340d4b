// The one answer to a request, to be given at any time from any thread.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONDER_H_
#define PLAYHEAD_BROKER_HTTP_RESPONDER_H_

#include <memory>

#include "broker/http/request.h"
#include "broker/http/response.h"
#include "broker/http/response_stream.h"
#include "broker/http/websocket.h"

namespace playhead::broker::http {

// Where a response goes: one of these is called, once for each request. Thread safety: any thread. Blocking: none.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void Respond(Response response) = 0;
  virtual void RespondStreaming(Response head, std::shared_ptr<ResponseStreamHandler> handler) = 0;
  virtual void AcceptWebSocket(Request request, const WebSocketOptions& options,
                               std::shared_ptr<WebSocketHandler> handler) = 0;
};

// Movable and one-shot. One that is dropped unsent answers 500 INTERNAL, so that no client waits for ever.
// Thread safety: the Send methods may be called from any thread; an object is used by one at a time.   Blocking: none.
// Ownership: every Responder must be gone before the Listener that its request came from is destroyed; Listener::Stop
// may come before, and Send then does nothing.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder() { AnswerUnsent(); }

  // REQUIRES of all of them: not sent before, and not moved from.

  void Send(Response response) &&;
  // Sends JsonError(error), and has it logged and counted.
  void Refuse(const absl::Status& error) &&;
  // Sends a head whose body `handler` then writes; `head.body` is not used. If the connection has ended meanwhile the
  // handler is never called.
  void Stream(Response head, std::shared_ptr<ResponseStreamHandler> handler) &&;
  // Goes over to WebSocket frames, which `handler` sees; the same. A handshake that is not as RFC 6455 wants it gets a
  // 400, and the handler is never called. REQUIRES: AsksForWebSocket(request); it is the request of this Responder.
  void Accept(Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler) &&;

 private:
  void AnswerUnsent();

  std::shared_ptr<ResponseSink> sink_;  // nullptr once it was sent or moved from.
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONDER_H_
