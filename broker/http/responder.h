// The one answer to a request, which may be given at any time and from any thread.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONDER_H_
#define PLAYHEAD_BROKER_HTTP_RESPONDER_H_

#include <memory>

#include "absl/status/status.h"
#include "broker/http/request.h"
#include "broker/http/response.h"
#include "broker/http/response_stream.h"
#include "broker/http/websocket.h"

namespace playhead::broker::http {

// Where a response goes. Exactly one method is called, once, for each request. Thread safety: any thread. Blocking:
// none.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void Respond(Response response) = 0;
  virtual void RespondStreaming(Response head, std::shared_ptr<ResponseStreamHandler> handler) = 0;
  virtual void AcceptWebSocket(Request request, const WebSocketOptions& options,
                               std::shared_ptr<WebSocketHandler> handler) = 0;
};

// Movable and one-shot. A Responder that is destroyed unsent answers 500 INTERNAL, so that no client waits forever.
// Thread safety: the Send methods may be called from any thread, but an object is used by one thread at a time.
// Blocking: none.
// Ownership: every Responder must be gone before the Listener that its request came from is destroyed; it may outlive
// Listener::Stop, and then Send does nothing.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder() { AnswerUnsent(); }

  // All of these REQUIRE: not sent before, and not moved from.

  void Send(Response response) &&;
  // Sends JsonError(error), and logs and counts the refusal.
  void Refuse(const absl::Status& error) &&;
  // Sends `head`, after which `handler` writes the body; `head.body` is not used. If the connection has ended by then,
  // the handler is never called.
  void Stream(Response head, std::shared_ptr<ResponseStreamHandler> handler) &&;
  // Upgrades to a WebSocket, whose messages go to `handler`; if the connection has ended by then, the handler is never
  // called. A handshake that violates RFC 6455 gets a 400, and the handler is never called either. REQUIRES:
  // AsksForWebSocket(request); `request` is this Responder's.
  void Accept(Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler) &&;

 private:
  void AnswerUnsent();

  std::shared_ptr<ResponseSink> sink_;  // nullptr once sent or moved from.
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONDER_H_
