// A response whose body is written piece by piece, for as long as the client stays: server-sent events, long downloads.
//
// As with a WebSocket (broker/http/websocket.h), everything about one connection happens on one I/O thread.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"

namespace playhead::broker::http {

// A good size for one write: stop at the first item that reaches it.
inline constexpr size_t kPieceBytes = size_t{64} << 10;

// All methods but Post are for the connection's thread.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;

  // Writes `bytes` after those written before; an empty string is ignored. Only one Write is accepted between two
  // OnWritable, so that a client that does not read holds one piece. Does nothing once the stream has ended. REQUIRES:
  // OnWritable, or OnOpen, was called since the last Write.
  virtual void Write(std::string bytes) = 0;

  // Completes the body; the connection continues with the next request. OnClosed follows. Not while a Write is in
  // progress.
  virtual void Finish() = 0;

  // Ends the connection, which shows the client that the body is incomplete. OnClosed follows, not within this call.
  virtual void Abort() = 0;

  // Runs `task` on the connection's thread, after earlier posts; destroys it unrun if the thread has ended. The stream
  // may have ended by the time it runs. Thread safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;
};

// Produces the body. All methods run on the connection's thread, one at a time, and must not block. The connection owns
// the handler, until after OnClosed.
class ResponseStreamHandler {
 public:
  virtual ~ResponseStreamHandler() = default;

  // Called first, when the head is written; if that fails, only OnClosed is called. `stream` may be kept; after
  // OnClosed all its methods but Post do nothing, even while the connection serves other requests.
  virtual void OnOpen(std::shared_ptr<ResponseStream> stream) = 0;

  // The last Write has been handed to the operating system: time to write more.
  virtual void OnWritable() = 0;

  // The broker is stopping; the stream should end soon.
  virtual void OnStopping() = 0;

  // Called last: the stream was finished or aborted, or the client has gone or does not read.
  virtual void OnClosed() = 0;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_
