#include "broker/http/status_routes.h"

#include <prometheus/text_serializer.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "broker/auth/caller.h"
#include "broker/auth/permission.h"

namespace playhead::broker::http {
namespace {

Response MetricsResponse(const Core& core) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = prometheus::TextSerializer().Serialize(core.metrics.Collect())};
}

// The figures tell of everything the broker holds.
absl::Status CheckMayReadMetrics(const Core& core, const Request& request) {
  absl::string_view secret = request.Header("authorization").value_or("");
  if (absl::StartsWithIgnoreCase(secret, "bearer ")) secret.remove_prefix(7);
  const absl::StatusOr<std::shared_ptr<Caller>> caller = core.auth.Authenticate(secret);
  return caller.ok() ? (*caller)->CheckAll(Permission::kManage) : caller.status();
}

}  // namespace

void AddStatusRoutes(Router& router, const Core& core) {
  router.Add(Verb::get, "/healthz", {},
             [](Request, Responder responder) { std::move(responder).Send(TextResponse(200, "ok\n")); });
  router.Add(Verb::get, "/readyz", {}, [core](Request, Responder responder) {
    if (absl::Status status = core.streams.CheckServing(); !status.ok()) return std::move(responder).Refuse(status);
    std::move(responder).Send(TextResponse(200, "ready\n"));
  });
  router.Add(Verb::get, "/metrics", {}, [core](Request request, Responder responder) {
    if (absl::Status status = CheckMayReadMetrics(core, request); !status.ok()) {
      return std::move(responder).Refuse(status);
    }
    std::move(responder).Send(MetricsResponse(core));
  });
}

}  // namespace playhead::broker::http
