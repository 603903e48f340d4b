// Authenticates requests to the HTTP API, and refuses them.
//
// A secret is sent as `Authorization: Bearer` or `x-api-key`. A page whose EventSource can send neither, only a URL,
// sends an access token in the query (broker/auth/access_token.h), which permits reading.
#ifndef PLAYHEAD_BROKER_HTTP_API_ACCESS_H_
#define PLAYHEAD_BROKER_HTTP_API_ACCESS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

inline constexpr absl::string_view kAccessTokenParameter = "access_token";

enum class Credentials { kSecret, kSecretOrToken };

// Returns the caller; nullptr if the request was refused, at once or after a delay, and `responder` is used up:
//   SHUTTING_DOWN, UNAUTHENTICATED, KEY_REVOKED, KEY_EXPIRED.
std::shared_ptr<Caller> Admit(const Services& services, const http::Request& request, Credentials credentials,
                              http::Responder& responder);

// Whether the client wants server-sent events.
bool WantsEventStream(const http::Request& request);

// Refuses with the status of the error. But a client that wants an event stream and may retry gets a stream with the
// error as its only event: an EventSource treats any status but 200 as final, and reconnects when a stream ends.
void Refuse(const http::Request& request, const absl::Status& error, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_ACCESS_H_
