// A WebSocket (RFC 6455) as a protocol sees it: whole messages in, whole messages out, and when to send more.
//
// Everything of one connection happens on one I/O thread: the handler is called there, and the socket is used there, so
// that neither needs a lock. Code on another thread that has an event to deliver posts a task.
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

// Why a connection ends (RFC 6455, 7.4.1). Protocols may have more, from 4000 on.
using CloseCode = uint16_t;
inline constexpr CloseCode kCloseNormal = 1000;
inline constexpr CloseCode kCloseGoingAway = 1001;
inline constexpr CloseCode kCloseUnsupportedData = 1003;
inline constexpr CloseCode kCloseAbnormal = 1006;  // Never sent: the connection ended without a word.
inline constexpr CloseCode kCloseBadPayload = 1007;
inline constexpr CloseCode kClosePolicy = 1008;
inline constexpr CloseCode kCloseTooBig = 1009;
inline constexpr CloseCode kCloseInternal = 1011;
inline constexpr CloseCode kCloseTryAgainLater = 1013;

struct WebSocketOptions {
  // A longer message ends the connection with 1009; its fragments count together.
  size_t message_bytes_max = size_t{1} << 20;
  // Messages that were sent and that the client has not taken yet. More ends the connection without a word, since the
  // client would not read it: a protocol that sends only after OnWritable never comes here.
  size_t unsent_bytes_max = size_t{4} << 20;
  // A connection on which nothing arrives is pinged this often, and cut off when two pings were not answered; none if
  // the protocol has pings of its own.
  std::optional<absl::Duration> ping_interval = absl::Seconds(30);
};

// All methods but Post are for the connection's thread.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // Sends one message behind those before it. Does nothing once Close was called or the connection has ended.
  virtual void SendText(std::string message) = 0;
  virtual void SendBinary(std::string message) = 0;

  // A pong that nobody asked for (RFC 6455, 5.5.3): keeps clients awake that wait for any frame.
  virtual void SendPong() = 0;

  // Sends a ping. Its pong says that the client's side has read everything that was sent before, which no write says by
  // itself. One that waits for another control frame gives way to a later one. `payload` is of 1 to 125 bytes.
  // REQUIRES: nothing was sent since the last OnWritable.
  virtual void SendPing(absl::string_view payload) = 0;

  // Sends what was sent before, then this, and waits a moment for the client's answer. OnClosed follows. `reason` is
  // UTF-8 of up to 123 bytes, for people.
  virtual void Close(CloseCode code, absl::string_view reason) = 0;

  // Ends the connection without a word. OnClosed follows, not within this call.
  virtual void Abort() = 0;

  // Runs `task` on the connection's thread, behind what was posted before it; destroys it unrun if the thread has
  // ended. The connection may have closed by then. Thread safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;
};

// What a protocol does with one connection. All methods run on the connection's thread, one at a time, and must not
// block. The connection owns it, until after OnClosed.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // First; not at all if the handshake fails. `socket` may be kept for as long as is convenient; after OnClosed its
  // methods do nothing.
  virtual void OnOpen(std::shared_ptr<WebSocket> socket) = 0;

  // A whole message: text is UTF-8. The next one is read when this has returned.
  virtual void OnText(std::string message) = 0;
  virtual void OnBinary(std::string message) = 0;

  // The client's side has taken everything that was sent: now is the time to fetch more. Only after a Send.
  virtual void OnWritable() = 0;

  // The client answered a SendPing. It may leave out the answers to all but the latest of several pings.
  virtual void OnPong(std::string /*payload*/) {}

  // The broker stops, and wants the connection to end soon.
  virtual void OnStopping() = 0;

  // Last: `code` is the client's, or ours if we closed, or kCloseAbnormal.
  virtual void OnClosed(CloseCode code) = 0;
};

// Whether a request asks for a WebSocket (`Upgrade: websocket`). Of any other upgrade nothing need be known: it is
// answered as if it had not been asked for (RFC 9110, 7.8).
bool AsksForWebSocket(const Request& request);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_WEBSOCKET_H_
