// Options and limits of Engine.IO.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"

namespace playhead::broker::http::engineio {

// The maximum number of packets in one response to a poll. Some clients (python-engineio) disconnect if there are more.
inline constexpr size_t kPollPacketsMax = 16;

// The defaults are those of the reference server, where it has such a setting.
struct Options {
  std::string path = "/engine.io/";  // Ends with a slash, which clients may omit.

  // A client is pinged this long after the handshake and after each of its pongs, and must answer within the timeout.
  // This ends sessions that are no longer polled, or whose client disappeared.
  absl::Duration ping_interval = absl::Seconds(25);
  absl::Duration ping_timeout = absl::Seconds(20);
  // A WebSocket that was opened to take over a session must do so within this time.
  absl::Duration upgrade_timeout = absl::Seconds(10);

  // The maximum size of a request body or of a WebSocket message. A longer one ends the session.
  size_t payload_bytes_max = 1'000'000;
  // Open sessions over all clients: further handshakes are refused with a retryable error.
  size_t sessions_max = 10'000;
  // What a session buffers for a client that does not read; more ends the session. An application that sends only when
  // the session is writable reaches this only by answering a client that sends without reading.
  size_t packets_buffered_max = 1024;
  size_t bytes_buffered_max = size_t{8} << 20;
  // Bytes that a WebSocket received and the session has not processed yet; more ends the connection.
  size_t bytes_received_max = size_t{4} << 20;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_OPTIONS_H_
