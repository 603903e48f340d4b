// The HTTP API: everything under /v1. docs/clients/http.md documents it for users, openapi.json describes it.
#ifndef PLAYHEAD_BROKER_HTTP_API_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_API_ROUTES_H_

#include "broker/http/router.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// What `services` refers to must outlive the router's use.
void AddRoutes(http::Router& router, const Services& services);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_ROUTES_H_
