// What Engine.IO answers to requests that it does not take, in the words of the protocol's own server, which clients
// and its test suites know.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_BAD_REQUEST_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_BAD_REQUEST_H_

#include "broker/http/response.h"

namespace playhead::broker::http::engineio {

// The numbers are the protocol's.
enum class BadRequest {
  kTransportUnknown = 0,
  kSessionUnknown = 1,
  kBadHandshakeMethod = 2,
  kBadRequest = 3,
  kUnsupportedVersion = 5,
};

// 400 {"code":1,"message":"Session ID unknown"}
Response BadRequestResponse(BadRequest error);

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_BAD_REQUEST_H_
