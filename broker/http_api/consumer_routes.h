// GET /v1/consumers: named consumers, and the progress of each. Only the native API reads as a consumer or changes one.
#ifndef PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// A page of the consumers that the caller may see, by name, with the names of playhead/v1/consumers.proto:
void ListConsumers(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_
