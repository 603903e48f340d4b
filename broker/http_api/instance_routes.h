// GET /v1/instances; GET and DELETE /v1/instances/{name}.
#ifndef PLAYHEAD_BROKER_HTTP_API_INSTANCE_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_API_INSTANCE_ROUTES_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// {"instances":[...],"next_page_token":"..."}: the instances that the key covers, by name. Accepts prefix, page_size (1
// to 1,000; 100 by default) and page_token; the last page has no next_page_token.
void ListInstances(const Services& services, http::Request request, http::Responder responder);
void GetInstance(const Services& services, http::Request request, http::Responder responder);
// Answers 204.
void DeleteInstance(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_INSTANCE_ROUTES_H_
