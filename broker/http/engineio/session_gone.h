// The answer to a request of a session that there is not, or not any more.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_

#include "broker/http/request.h"
#include "broker/http/responder.h"

namespace playhead::broker::http::engineio {

// "Session ID unknown". But python-engineio that gets this for what it posts takes itself for disconnected and, unlike
// when it gets it for a poll, does not come back: its request fails instead, as when a connection is lost.
void AnswerSessionGone(const Request& request, Responder responder);

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_GONE_H_
