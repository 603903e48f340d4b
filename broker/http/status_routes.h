// Routes for monitoring: whether the broker is alive, whether it accepts appends, and its metrics.
#ifndef PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_

#include <functional>

#include "broker/core.h"
#include "broker/http/router.h"
#include "broker/metrics/consumer_figures.h"

namespace playhead::broker::http {

// GET /healthz  200 as long as the process answers at all.
// GET /readyz   200 if appends are accepted; else 503 with the reason as an error.
// GET /metrics  the metrics of broker/metrics in Prometheus's text format. Unless the broker runs open it needs the
//               `Authorization: Bearer` secret of a key with the permission to manage everything.
// `consumers` is called for each scrape, from any thread.
// Ownership: what `core` and `consumers` refer to must outlive the router's use.
void AddStatusRoutes(Router& router, const Core& core, std::function<ConsumerFigures()> consumers);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_
