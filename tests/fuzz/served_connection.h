// ServedConnections: client connections to the code that serves HTTP, over socket pairs instead of a network.
#ifndef PLAYHEAD_TESTS_FUZZ_SERVED_CONNECTION_H_
#define PLAYHEAD_TESTS_FUZZ_SERVED_CONNECTION_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "broker/byte_budget.h"
#include "broker/http/connection.h"
#include "broker/http/cors.h"
#include "broker/http/io_thread.h"
#include "broker/http/request_counters.h"
#include "broker/http/router.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "storage/executor.h"

namespace playhead::fuzz {

// Not thread-safe. One connection at a time.
class ServedConnections {
 public:
  // `router` must outlive it.
  explicit ServedConnections(const broker::http::Router& router);

  // Opens a connection. If there is an `opening`, sends it and waits for the head of the answer. Then sends `bytes`,
  // `piece_bytes` at a time, and closes its side. Returns everything that came back until the broker closed the
  // connection.
  std::string Exchange(absl::string_view opening, absl::string_view bytes, size_t piece_bytes);

 private:
  const broker::Limits limits_;
  const broker::http::CorsOrigins no_origins_;
  broker::Metrics metrics_;
  broker::http::RequestCounters counters_;
  storage::Executor executor_{1};
  broker::ByteBudget body_budget_;
  const broker::http::ConnectionSettings settings_;
  broker::http::IoThread thread_;
};

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_SERVED_CONNECTION_H_
