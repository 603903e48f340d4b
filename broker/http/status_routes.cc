#include "broker/http/status_routes.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/auth/permission.h"
#include "broker/late_refusal.h"
#include "broker/metrics/scrape.h"

namespace playhead::broker::http {
namespace {

// Whether the broker accepts appends.
absl::Status CheckReady(const Core& core) {
  absl::Status status = core.streams.CheckServing();
  if (status.ok()) status = core.log.CheckTakesAppends();
  return status;
}

// The metrics cover everything the broker holds.
absl::Status CheckMayReadMetrics(const Core& core, const Request& request) {
  const absl::StatusOr<std::shared_ptr<Caller>> caller = core.auth.Authenticate(request.BearerSecret());
  return caller.ok() ? (*caller)->CheckAll(Permission::kManage) : caller.status();
}

// Delays the answer if there were too many wrong secrets, as every protocol does.
void RefuseSecret(const Core& core, const Request& request, Responder responder, absl::Status refusal) {
  const absl::Duration delay = core.auth.RefusalDelay(refusal, request.BearerSecret());
  RefuseAfter(core.timers, delay, [responder = std::move(responder), refusal = std::move(refusal)]() mutable {
    std::move(responder).Refuse(refusal);
  });
}

}  // namespace

void AddStatusRoutes(Router& router, const Core& core, std::function<ConsumerFigures()> consumers) {
  router.Add(Verb::get, "/healthz", {},
             [](Request, Responder responder) { std::move(responder).Send(TextResponse(200, "ok\n")); });
  router.Add(Verb::get, "/readyz", {}, [core](Request, Responder responder) {
    constexpr int kServiceUnavailable = 503;
    if (absl::Status status = CheckReady(core); !status.ok()) {
      return std::move(responder).Send(JsonError(status, kServiceUnavailable));
    }
    std::move(responder).Send(TextResponse(200, "ready\n"));
  });
  router.Add(Verb::get, "/metrics", {}, [core, consumers = std::move(consumers)](Request request, Responder responder) {
    if (absl::Status status = CheckMayReadMetrics(core, request); !status.ok()) {
      return RefuseSecret(core, request, std::move(responder), std::move(status));
    }
    std::move(responder).Send(
        {.content_type = kScrapeContentType, .body = Scrape(core.metrics, core.log.stats(), consumers())});
  });
}

}  // namespace playhead::broker::http
