// A closed loop of HTTP requests over persistent connections: each connection sends its next request when it has
// received the response to the previous one.
#ifndef PLAYHEAD_TOOLS_BENCH_HTTP_LOAD_H_
#define PLAYHEAD_TOOLS_BENCH_HTTP_LOAD_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/bench/latency_histogram.h"

namespace playhead::tools {

struct HttpLoadResult {
  uint64_t answered = 0;
  uint64_t failed = 0;         // Responses with a status other than 200.
  std::string first_failure;   // The head of the first of them.
  absl::Duration elapsed;      // From the first request to the last answer.
  LatencyHistogram latencies;  // From a request's first byte sent to its answer's last received.
};

// Sends the requests 0 to `count` - 1 that `request` returns, whose bytes must stay valid until the end, to `target`
// (HOST:PORT) over `connections` connections, all on the calling thread. Responses must have a Content-Length.
//   Unavailable  cannot connect, or a connection was closed.
absl::StatusOr<HttpLoadResult> RunHttpLoad(const std::string& target, uint32_t connections, uint64_t count,
                                           const std::function<absl::string_view(uint64_t)>& request);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_HTTP_LOAD_H_
