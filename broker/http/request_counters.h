// Counts requests by route and class of status.
#ifndef PLAYHEAD_BROKER_HTTP_REQUEST_COUNTERS_H_
#define PLAYHEAD_BROKER_HTTP_REQUEST_COUNTERS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>

#include <array>

#include "absl/container/flat_hash_map.h"
#include "broker/http/router.h"

namespace playhead::broker::http {

// Thread safety: Count may be called from any thread.   Blocking: none.   Ownership: borrows `requests`.
class RequestCounters {
 public:
  // Labels: `route`, a pattern of the router or "none", and `code`, "2xx" to "5xx".
  RequestCounters(const Router& router, prometheus::Family<prometheus::Counter>& requests);

  // `route` may be nullptr: no route at that path, or the request could not be read.
  void Count(const Route* route, int status);

 private:
  static constexpr size_t kClasses = 4;  // 2xx to 5xx.
  absl::flat_hash_map<const Route*, std::array<prometheus::Counter*, kClasses>> counters_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_REQUEST_COUNTERS_H_
