// The broker-wide limits, each with its default and its unit. Most have a flag (tools/cli/serve_flags.cc); only tests
// change the others. Other queues and buffers are bounded by a k... constant beside their code (such as
// kRefusalsHeldMax in broker/auth/authenticator.h), or by the options of a dialect. The fixed limits of the contract
// are in storage/limits.h, those of the store in storage/options.h.
#ifndef PLAYHEAD_BROKER_LIMITS_H_
#define PLAYHEAD_BROKER_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"
#include "storage/limits.h"

namespace playhead::broker {

struct Limits {
  // Streams of every kind (StreamRegistry::Admit) open at once over all connections; more are refused with
  // STREAMS_LIMIT. They are Subscribe, SubscribeMany, AppendStream, Consume, Backup and Verify; server-sent events; and
  // each client of a dialect that is sent events.
  size_t streams_max = 10'000;

  // Named consumers: each keeps its position in memory, about a kilobyte.
  size_t consumers_max = 10'000;

  // Delivery: one message of events carries at most this much, unless a single event is larger.
  size_t delivery_bytes_max = size_t{512} << 10;
  // Undelivered events that each stream may hold without asking. It draws more from the budget, which all streams and
  // fetches share; when that is used up, streams send smaller messages.
  size_t delivery_bytes_free = size_t{64} << 10;
  size_t delivery_budget_bytes = size_t{64} << 20;

  // Recent blocks kept in memory for subscribers near the head, over all instances, overhead included.
  size_t tail_bytes_max = size_t{32} << 20;

  // One fetch reads at most this much of the log; a filter that rarely matches then gets a short page.
  size_t fetch_scan_bytes_max = size_t{64} << 20;

  // One encoded event; may be raised up to storage::kEventBytesCeiling.
  size_t event_bytes_max = storage::kEventBytesDefault;

  // Appends read from clients and not yet stored, over all calls. Less than the store's own queue, so that flow control
  // slows streams down and only unary calls are ever refused. Each stream may read one message beyond it.
  size_t append_budget_bytes = size_t{48} << 20;
  // Appends of one stream that are read and not yet answered.
  size_t append_stream_requests_max = 64;
  size_t append_stream_bytes_max = size_t{8} << 20;
  // Replies of append streams that clients have not read, over all streams. When it is used up, streams continue with
  // one request at a time.
  size_t append_reply_budget_bytes = size_t{16} << 20;

  // Settlements of one Consume stream that are read and not yet answered.
  size_t consume_settle_requests_max = 64;
  size_t consume_settle_bytes_max = size_t{256} << 10;

  // One gRPC message from a client.
  int grpc_receive_bytes_max = 4 << 20;
  // Memory that gRPC may hold for all its connections and calls. When little is left it reads less at a time; when
  // nothing is left it ends calls and connections.
  size_t grpc_buffer_bytes_max = size_t{512} << 20;
  // A client that reads nothing of a message for this long, while others wait for the memory that it holds, has its
  // call ended.
  absl::Duration grpc_stall_timeout = absl::Seconds(30);
  // Calls and streams open at once on one connection. Client libraries queue further ones until some have ended.
  int grpc_connection_calls_max = 10'000;

  // Wrong secrets that exceed the rate of broker/auth/wrong_secret_rate.h are answered after this delay.
  absl::Duration refusal_delay = absl::Seconds(1);

  // A stream that has sent nothing else for this long sends a heartbeat.
  absl::Duration heartbeat_interval = absl::Seconds(10);
  // A stream whose filter skips events reports its progress at least this often.
  absl::Duration progress_interval = absl::Seconds(1);

  // Connections: clients may ping this often; the broker pings silent connections, to find dead peers.
  absl::Duration client_ping_interval_min = absl::Seconds(10);
  absl::Duration keepalive_interval = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(20);

  // HTTP: threads that read requests and write responses.
  int http_threads = 2;
  // Connections open at once: more are refused with CONNECTIONS_LIMIT and closed.
  size_t http_connections_max = 10'000;
  // A request's line and headers together.
  size_t http_header_bytes_max = size_t{16} << 10;
  // Bytes of a request's body that each connection may hold without asking. It draws more from the budget, which all
  // connections share; when that is used up, longer bodies are not read until others are done.
  size_t http_body_bytes_free = size_t{64} << 10;
  size_t http_body_budget_bytes = size_t{32} << 20;
  // How long a client may take for the TLS handshake, to send the request line and headers, to send the body, and to
  // read the response; and how long a connection may stay open between requests.
  absl::Duration http_handshake_timeout = absl::Seconds(10);
  absl::Duration http_header_timeout = absl::Seconds(10);
  absl::Duration http_body_timeout = absl::Seconds(30);
  absl::Duration http_write_timeout = absl::Seconds(30);
  absl::Duration http_idle_timeout = absl::Seconds(75);

  // How long a requested stop waits for the store to write out what the next start would otherwise read again.
  absl::Duration flush_timeout = absl::Seconds(1);
  // How long a stop waits for calls to end by themselves before it cancels them.
  absl::Duration shutdown_timeout = absl::Seconds(8);

  // Threads that wake subscribers and run timers' tasks.
  int executor_threads = 2;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LIMITS_H_
