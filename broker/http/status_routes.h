// What an operator's machines ask: whether the broker is alive, whether it takes appends, and its figures.
#ifndef PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_

#include <functional>

#include "broker/core.h"
#include "broker/http/router.h"
#include "broker/metrics/consumer_figures.h"

namespace playhead::broker::http {

// GET /healthz  200 as long as the process answers at all.
// GET /readyz   200 if appends are taken; else 503 with the reason, as any error.
// GET /metrics  the figures of broker/metrics, as Prometheus reads them. Unless the broker runs open it needs the
//               `Authorization: Bearer` secret of a key with the permission to manage everything.
// `consumers` is asked at each scrape, from any thread.
// Ownership: what `core` and `consumers` refer to must outlive the router's use.
void AddStatusRoutes(Router& router, const Core& core, std::function<ConsumerFigures()> consumers);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_STATUS_ROUTES_H_
