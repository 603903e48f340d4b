// A WebSocket (RFC 6455) as a protocol implementation sees it: whole messages in and out, and when to send more.
//
// Everything about one connection happens on one I/O thread: the handler is called and the socket is used there, so
// neither needs a lock. Code on another thread that has an event to deliver posts a task.
#ifndef PLAYHEAD_BROKER_HTTP_WEBSOCKET_H_
#define PLAYHEAD_BROKER_HTTP_WEBSOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/http/request.h"

namespace playhead::broker::http {

// Close codes (RFC 6455, 7.4.1). Protocols may have their own, from 4000 on.
using CloseCode = uint16_t;
inline constexpr CloseCode kCloseNormal = 1000;
inline constexpr CloseCode kCloseGoingAway = 1001;
inline constexpr CloseCode kCloseUnsupportedData = 1003;
inline constexpr CloseCode kCloseAbnormal = 1006;  // Never sent: the connection ended without a close frame.
inline constexpr CloseCode kCloseBadPayload = 1007;
inline constexpr CloseCode kClosePolicy = 1008;
inline constexpr CloseCode kCloseTooBig = 1009;
inline constexpr CloseCode kCloseInternal = 1011;
inline constexpr CloseCode kCloseTryAgainLater = 1013;

struct WebSocketOptions {
  // A longer message ends the connection with 1009; its fragments are added up.
  size_t message_bytes_max = size_t{1} << 20;
  // Bytes of messages that were sent and not yet written to the connection. More aborts the connection, since the
  // client does not read. A protocol that sends only after OnWritable never reaches this.
  size_t unsent_bytes_max = size_t{4} << 20;
  // A connection on which nothing arrives for this long is pinged, and cut off if nothing arrives for as long again;
  // nullopt if the protocol has pings of its own.
  std::optional<absl::Duration> ping_interval = absl::Seconds(30);
};

// All methods but Post are for the connection's thread.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // Sends one message after those before it. Does nothing once Close was called or the connection has ended.
  virtual void SendText(std::string message) = 0;
  virtual void SendBinary(std::string message) = 0;

  // Sends an unsolicited pong (RFC 6455, 5.5.3), for clients that need any frame to stay connected.
  virtual void SendPong() = 0;

  // Sends a ping. Its pong proves that the client's side has read everything that was sent before, which a completed
  // write does not. A ping that waits for another control frame is replaced by a later one. `payload` has 1 to 125
  // bytes. REQUIRES: nothing was sent since the last OnWritable.
  virtual void SendPing(absl::string_view payload) = 0;

  // Sends a close frame after everything that was sent before, and waits a moment for the client's answer. OnClosed
  // follows. `reason` is UTF-8, for people; what is beyond 123 bytes (RFC 6455, 5.5) is cut off, in whole characters.
  virtual void Close(CloseCode code, absl::string_view reason) = 0;

  // Ends the connection without a close frame. OnClosed follows, not within this call.
  virtual void Abort() = 0;

  // Runs `task` on the connection's thread, after earlier posts; destroys it unrun if the thread has ended. The
  // connection may have closed by the time it runs. Thread safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;
};

// A protocol's side of one connection. All methods run on the connection's thread, one at a time, and must not block.
// The connection owns the handler, until after OnClosed.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // Called first; not at all if the handshake fails. `socket` may be kept as long as is convenient; after OnClosed its
  // methods do nothing.
  virtual void OnOpen(std::shared_ptr<WebSocket> socket) = 0;

  // A whole message; text is valid UTF-8. The next message is read after this returns.
  virtual void OnText(std::string message) = 0;
  virtual void OnBinary(std::string message) = 0;

  // Everything that was sent has been written: time to send more. Only called after a Send.
  virtual void OnWritable() = 0;

  // The client answered a SendPing. It may answer only the latest of several pings.
  virtual void OnPong(std::string /*payload*/) {}

  // The broker is stopping; the connection should end soon.
  virtual void OnStopping() = 0;

  // Called last. `code` is the client's, or ours if we closed, or kCloseAbnormal.
  virtual void OnClosed(CloseCode code) = 0;
};

// Whether a request asks for a WebSocket (`Upgrade: websocket`). Other upgrades are ignored (RFC 9110, 7.8).
bool AsksForWebSocket(const Request& request);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_WEBSOCKET_H_
