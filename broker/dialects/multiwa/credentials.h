// Finds the secret of the API key in what a client sends, for each of the two protocols.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "broker/http/request.h"

namespace playhead::broker::multiwa {

// For the plain WebSocket: the query's `apiKey`, else the header x-api-key, else a bearer; "" if there is none.
std::string SecretOf(const http::Request& request);

// For Socket.IO: the first of `token` of `auth`, the bearer and the query's `token`, where the original expects a JWT;
// and `apiKey` of `auth`, the header x-api-key and the query's `apiKey`. A JWT is not a secret of ours, so any other
// value takes precedence over it. `auth` is that of the CONNECT packet: a JSON object, or empty.
std::string SecretOf(absl::string_view auth, const http::Request& handshake);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_
