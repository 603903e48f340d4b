#include "broker/http/status_routes.h"

#include <prometheus/text_serializer.h>

#include <utility>

namespace playhead::broker::http {
namespace {

Response MetricsResponse(const Core& core) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = prometheus::TextSerializer().Serialize(core.metrics.Collect())};
}

}  // namespace

void AddStatusRoutes(Router& router, const Core& core) {
  router.Add(Verb::get, "/healthz", {},
             [](Request, Responder responder) { std::move(responder).Send(TextResponse(200, "ok\n")); });
  router.Add(Verb::get, "/readyz", {}, [core](Request, Responder responder) {
    if (absl::Status status = core.streams.CheckServing(); !status.ok()) return std::move(responder).Refuse(status);
    std::move(responder).Send(TextResponse(200, "ready\n"));
  });
  router.Add(Verb::get, "/metrics", {},
             [core](Request, Responder responder) { std::move(responder).Send(MetricsResponse(core)); });
}

}  // namespace playhead::broker::http
