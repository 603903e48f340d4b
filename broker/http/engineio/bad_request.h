// Engine.IO's answers to requests that it refuses, with the texts of the reference server, which clients and their test
// suites expect.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_BAD_REQUEST_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_BAD_REQUEST_H_

#include "broker/http/response.h"

namespace playhead::broker::http::engineio {

// The numbers are part of the protocol.
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
