#include "broker/http/status_routes.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/auth/permission.h"
#include "broker/metrics/scrape.h"

namespace playhead::broker::http {
namespace {

// The figures tell of everything the broker holds.
absl::Status CheckMayReadMetrics(const Core& core, const Request& request) {
  const absl::StatusOr<std::shared_ptr<Caller>> caller = core.auth.Authenticate(request.BearerSecret());
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
    std::move(responder).Send({.content_type = kScrapeContentType, .body = Scrape(core.metrics, core.log.stats())});
  });
}

}  // namespace playhead::broker::http
