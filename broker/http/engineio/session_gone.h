// The answer to a request for a session that does not exist, or no longer does.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"

namespace playhead::broker::http::engineio {

// "Session ID unknown". But python-engineio that gets this for a POST considers itself disconnected and, unlike after a
// poll, does not reconnect: so its request fails instead, as if the connection were lost.
void AnswerSessionGone(const Request& request, Responder responder);

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_
