// GET /v1/consumers: named consumers, and how far each is. Reading as one, and changing one, is the native API's.
#ifndef PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_
#define PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

// A page of those that the caller may see, by name, in the words of playhead/v1/consumers.proto:
// {"consumers":[{"name":"crm","source":{"instance":"bot"},"lag":{"event_count":2,"kind":"EXACT"},"unsettled_count":1,
// "in_flight":1,"parked_count":0,"holder_count":1,"pause":"IN_FLIGHT"}],"next_page_token":"..."}
// `pause` is absent of one that delivers; `source` may be {"prefix":"shop-"} or {"all":{}}.
void ListConsumers(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_CONSUMER_ROUTES_H_
