// Streams a page of a log as a JSON body, formatted as it is written: a client that does not read holds one piece of
// text and the page's slices, which the delivery budget accounts for.
#ifndef PLAYHEAD_BROKER_HTTP_API_FETCH_BODY_H_
#define PLAYHEAD_BROKER_HTTP_API_FETCH_BODY_H_

#include <string>

#include "broker/http/responder.h"
#include "broker/read/fetch.h"

namespace playhead::broker::http_api {

// Answers with {"events":[...],"next_cursor":...,"first_cursor":...,"head_cursor":...,"end_reached":...,"gap":...}, as
// in FetchMissedResponse.
void SendFetchPage(std::string instance, FetchPage page, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_FETCH_BODY_H_
