// POST /v1/instances/{name}/events: appends the events of the body, all or none.
#ifndef PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_
#define PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// Accepts the bodies of broker/http_api/append_body.h, and the query parameter `expected_cursor`. Answers 200 with
// {"cursors":[...],"duplicates":[...],"head_cursor":...,"durability":"DISK"}, as in AppendResponse, once the events
// have that durability. Other types of bodies get a 415. A client that disconnects does not cancel its append.
void AppendEvents(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_APPEND_ROUTE_H_
