// How Engine.IO is served, and its limits.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"

namespace playhead::broker::http::engineio {

// Packets in one response to a poll. Some clients (python-engineio) disconnect if there are more.
inline constexpr size_t kPollPacketsMax = 16;

// Defaults are those of the protocol's own server, where it has such a setting.
struct Options {
  std::string path = "/engine.io/";  // Ends with a slash; clients may leave that out.

  // A client is pinged this long after the handshake and after each of its pongs, and must answer within the timeout:
  // so ends a session that is no longer polled, or whose client has gone without a word.
  absl::Duration ping_interval = absl::Seconds(25);
  absl::Duration ping_timeout = absl::Seconds(20);
  // A WebSocket that was opened to take over a session must have done so by then.
  absl::Duration upgrade_timeout = absl::Seconds(10);

  // The body of a request; a WebSocket message. Of longer ones a session ends.
  size_t payload_bytes_max = 1'000'000;
  // Sessions at once, over all clients: further handshakes are refused, to be tried again.
  size_t sessions_max = 10'000;
  // What a session holds for a client that has not taken it: more ends the session. An application that sends only when
  // the session is writable comes here only by answering what a client sends without reading.
  size_t packets_buffered_max = 1024;
  size_t bytes_buffered_max = size_t{8} << 20;
  // What a WebSocket has brought and the session has not looked at yet: more ends the connection.
  size_t bytes_received_max = size_t{4} << 20;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_
