#include "broker/http_api/routes.h"

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "broker/http_api/append_body.h"
#include "broker/http_api/append_route.h"
#include "broker/http_api/consumer_routes.h"
#include "broker/http_api/instance_routes.h"
#include "broker/http_api/read_routes.h"
#include "broker/http_api/token_route.h"

namespace playhead::broker::http_api {
namespace {

// The text of openapi.json.
constexpr char kOpenApi[] =
#include "broker/http_api/openapi.inc"
    ;

void SendOpenApi(const Services& /*services*/, http::Request /*request*/, http::Responder responder) {
  std::move(responder).Send({.content_type = "application/json", .body = std::string(kOpenApi)});
}

using Route = void (*)(const Services&, http::Request, http::Responder);

}  // namespace

void AddRoutes(http::Router& router, const Services& services) {
  const auto add = [&](http::Verb method, absl::string_view pattern, Route route, size_t body_bytes_max = 0) {
    router.Add(method, pattern, {.body_bytes_max = body_bytes_max, .cross_origin = true},
               [services, route](http::Request request, http::Responder responder) {
                 route(services, std::move(request), std::move(responder));
               });
  };
  add(http::Verb::get, "/v1/instances", &ListInstances);
  add(http::Verb::get, "/v1/instances/{name}", &GetInstance);
  add(http::Verb::delete_, "/v1/instances/{name}", &DeleteInstance);
  add(http::Verb::get, "/v1/instances/{name}/events", &ReadEvents);
  add(http::Verb::post, "/v1/instances/{name}/events", &AppendEvents, kAppendBodyBytesMax);
  add(http::Verb::get, "/v1/events", &ReadManyEvents);
  add(http::Verb::get, "/v1/consumers", &ListConsumers);
  add(http::Verb::post, "/v1/access_tokens", &MintAccessToken, kTokenBodyBytesMax);
  add(http::Verb::get, "/v1/openapi.json", &SendOpenApi);
}

}  // namespace playhead::broker::http_api
