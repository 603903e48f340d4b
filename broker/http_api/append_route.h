// POST /v1/instances/{name}/events: appends what the body is, all of it or nothing.
#ifndef PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_
#define PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// Takes the bodies of broker/http_api/append_body.h, and in the query `expected_cursor`. Answers 200 with
// {"cursors":[...],"duplicates":[...],"head_cursor":...,"durability":"DISK"}, as AppendResponse has them, once the
// events are as durable as it says. Bodies of which none is understood are 415. A client that goes away does not take
// an append back.
void AppendEvents(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_
