#include "broker/http/engineio/server.h"

#include <utility>

#include "absl/strings/strip.h"
#include "broker/http/engineio/bad_request.h"
#include "broker/http/engineio/session_gone.h"

namespace playhead::broker::http::engineio {
namespace {

// A body that exceeds the limit by up to this factor is still read, so that its session can be ended.
constexpr size_t kOverlongFactor = 2;

void Refuse(BadRequest error, Responder responder) { std::move(responder).Send(BadRequestResponse(error)); }

// A request that names a session.
void HandleSession(const std::shared_ptr<Session>& session, bool by_websocket, Request request, Responder responder) {
  if (session == nullptr) return AnswerSessionGone(request, std::move(responder));
  if (by_websocket) {
    if (!AsksForWebSocket(request)) return Refuse(BadRequest::kBadRequest, std::move(responder));
    return session->Run([session, request = std::move(request), responder = std::move(responder)]() mutable {
      session->OnUpgrade(std::move(request), std::move(responder));
    });
  }
  switch (request.method) {
    case Verb::get:
      return session->Run(
          [session, responder = std::move(responder)]() mutable { session->OnPoll(std::move(responder)); });
    case Verb::post:
      return session->Run([session, request = std::move(request), responder = std::move(responder)]() mutable {
        session->OnPost(request, std::move(responder));
      });
    default:
      return Refuse(BadRequest::kBadRequest, std::move(responder));
  }
}

void Handle(const std::shared_ptr<Shared>& shared, Request request, Responder responder) {
  const absl::string_view transport = request.Query("transport").value_or("");
  const bool by_websocket = transport == "websocket";
  if (!by_websocket && transport != "polling") return Refuse(BadRequest::kTransportUnknown, std::move(responder));
  if (const auto id = request.Query("sid")) {
    const std::shared_ptr<Session> session = shared->table.Find(*id);
    return HandleSession(session, by_websocket, std::move(request), std::move(responder));
  }
  if (request.method != Verb::get) return Refuse(BadRequest::kBadHandshakeMethod, std::move(responder));
  if (by_websocket && !AsksForWebSocket(request)) return Refuse(BadRequest::kBadRequest, std::move(responder));
  if (request.Query("EIO") != "4") return Refuse(BadRequest::kUnsupportedVersion, std::move(responder));
  auto session = std::make_shared<Session>(shared, request);
  if (by_websocket) return Session::OpenByWebSocket(std::move(session), std::move(request), std::move(responder));
  session->Run([session, responder = std::move(responder)]() mutable { session->OpenByPolling(std::move(responder)); });
}

}  // namespace

Server::Server(Options options, TimerQueue& timers, OpenCallback open)
    : shared_(new Shared{std::move(options), timers, std::move(open), {}}) {}

void Server::AddRoutes(Router& router) const {
  const RouteOptions options = {.body_bytes_max = kOverlongFactor * shared_->options.payload_bytes_max,
                                .cross_origin = true};
  const absl::string_view path = shared_->options.path;
  for (const absl::string_view pattern : {path, absl::StripSuffix(path, "/")}) {
    for (const Verb method : {Verb::get, Verb::post, Verb::put, Verb::delete_, Verb::patch}) {
      router.Add(method, pattern, options, [shared = shared_](Request request, Responder responder) {
        Handle(shared, std::move(request), std::move(responder));
      });
    }
  }
}

void Server::Stop() {
  for (const auto& session : shared_->table.Close()) {
    session->Run([session] { session->Close(kCloseGoingAway, ""); });
  }
}

}  // namespace playhead::broker::http::engineio
