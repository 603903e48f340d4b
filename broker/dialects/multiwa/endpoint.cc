#include "broker/dialects/multiwa/endpoint.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/auth/call_access.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/connection.h"
#include "broker/dialects/multiwa/credentials.h"
#include "broker/dialects/multiwa/messages.h"
#include "broker/http/response.h"
#include "broker/http/websocket.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker::multiwa {
namespace {

// Enough for one large event and a batch of smaller ones (broker/dialects/multiwa/profile_stream.h), with what their
// rendering adds.
constexpr size_t kUnsentBytesMax = size_t{8} << 20;

http::Response Refusal(const absl::Status& status) {
  const bool is_unauthorized = absl::IsUnauthenticated(status);
  return {.status = http::HttpStatus(status),
          .content_type = "application/json",
          .body = HttpErrorBody(is_unauthorized ? "UNAUTHORIZED" : "UNAVAILABLE",
                                is_unauthorized ? "Invalid API key" : absl::string_view(status.message()))};
}

}  // namespace

Endpoint::Endpoint(const Core& core, SessionStore& sessions, const Options& options)
    : core_(core),
      options_(options),
      figures_(core_.metrics.OfDialect("multiwa")),
      grace_(core_, sessions, options_.grace),
      dialect_{core_, options_, figures_, options_.resume == ResumeMode::kGrace ? &grace_ : nullptr},
      gateway_(dialect_) {
  if (dialect_.grace != nullptr) grace_.Load();
}

void Endpoint::AddRoutes(http::Router& router) {
  router.Add(http::Verb::get, "/ws", {.cross_origin = true}, [this](http::Request request, http::Responder responder) {
    Serve(std::move(request), std::move(responder));
  });
}

void Endpoint::Serve(http::Request request, http::Responder responder) const {
  if (!http::AsksForWebSocket(request)) {
    http::Response response{.status = 426,
                            .content_type = "application/json",
                            .body = HttpErrorBody("UPGRADE_REQUIRED", "This is a WebSocket endpoint")};
    response.headers.push_back({"Upgrade", "websocket"});
    return std::move(responder).Send(std::move(response));
  }
  const std::string secret = SecretOf(request);
  CallAccess access = JudgeAccess(core_, secret, 0);
  if (access.caller == nullptr) {
    LogRefusal("/ws", access.refusal);
    return RefuseAfter(core_.timers, access.refusal_delay,
                       [responder = std::move(responder), refusal = access.refusal]() mutable {
                         std::move(responder).Send(Refusal(refusal));
                       });
  }
  http::WebSocketOptions options;
  options.unsent_bytes_max = kUnsentBytesMax;
  options.ping_interval = options_.ping_interval;
  auto connection =
      std::make_shared<Connection>(dialect_, ClientIdentity(std::move(access.caller), secret, request.peer));
  std::move(responder).Accept(std::move(request), options, std::move(connection));
}

}  // namespace playhead::broker::multiwa
