// Routes that read logs: one log as pages or as a stream, many as a stream.
#ifndef PLAYHEAD_BROKER_HTTP_API_READ_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_API_READ_ROUTES_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// GET /v1/instances/{name}/events: a stream of server-sent events if `Accept` has text/event-stream, else a page. Both
// accept after or from, types, id_prefix and allow_gap; a page also until, limit and reverse. The meanings are those of
// SubscribeRequest and FetchMissedRequest.
void ReadEvents(const Services& services, http::Request request, http::Responder responder);

// GET /v1/events: a stream of the events of instances=a,b or of prefix=..., or of all that the key covers. As
// SubscribeManyRequest: `after` is a position.
void ReadManyEvents(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_READ_ROUTES_H_
