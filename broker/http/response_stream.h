// A response whose body is written bit by bit, for as long as the client stays: server-sent events, long downloads.
//
// As with a WebSocket (broker/http/websocket.h) everything of one connection happens on one I/O thread.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"

namespace playhead::broker::http {

// A good size for what is written at a time: about this much, and then the rest of the item at hand.
inline constexpr size_t kPieceBytes = size_t{64} << 10;

// All methods but Post are for the connection's thread.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;

  // Writes `bytes` behind those before; empty ones are no end. Nothing more is accepted than one Write between two
  // OnWritable, so that a client that does not read holds one piece. Does nothing once the stream has ended.
  // REQUIRES: since the last Write, OnWritable was called.
  virtual void Write(std::string bytes) = 0;

  // The body is complete, and the connection goes on to the next request. OnClosed follows. Not while a Write is under
  // way.
  virtual void Finish() = 0;

  // Ends the connection, so that the client sees that the body is not complete. OnClosed follows, not within this call.
  virtual void Abort() = 0;

  // Runs `task` on the connection's thread, behind what was posted before it; destroys it unrun if the thread has
  // ended. The stream may have ended by then. Thread safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;
};

// What makes the body. All methods run on the connection's thread, one at a time, and must not block. The connection
// owns it, until after OnClosed.
class ResponseStreamHandler {
 public:
  virtual ~ResponseStreamHandler() = default;

  // First, when the head is written; if that fails, only OnClosed is called. `stream` may be kept; after OnClosed its
  // methods do nothing.
  virtual void OnOpen(std::shared_ptr<ResponseStream> stream) = 0;

  // What was written is with the client's side: time to write more.
  virtual void OnWritable() = 0;

  // The broker stops, and wants the stream to end soon.
  virtual void OnStopping() = 0;

  // Last: it was finished or aborted, or the client has gone or is not reading.
  virtual void OnClosed() = 0;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_STREAM_H_
