// A closed loop of HTTP requests over connections that stay open: each sends its next request when it has the answer to
// the one before.
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
  uint64_t failed = 0;         // Answered with another status than 200.
  std::string first_failure;   // Its head.
  absl::Duration elapsed;      // From the first request to the last answer.
  LatencyHistogram latencies;  // From a request's first byte sent to its answer's last received.
};

// Sends the requests 0 to `count` - 1 that `request` returns, whose bytes must stay until the end, to `target`
// (HOST:PORT) over `connections` connections, all on the calling thread. Answers must say their Content-Length.
//   Unavailable  cannot connect, or a connection was closed.
absl::StatusOr<HttpLoadResult> RunHttpLoad(const std::string& target, uint32_t connections, uint64_t count,
                                           const std::function<absl::string_view(uint64_t)>& request);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_HTTP_LOAD_H_
