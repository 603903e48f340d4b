// The key's secret in what a client says of itself, on each of the faces.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "broker/http/request.h"

namespace playhead::broker::multiwa {

// Of the plain WebSocket: the query's `apiKey`, else the header x-api-key, else a bearer; "" without any.
std::string SecretOf(const http::Request& request);

// Of Socket.IO: the first of `token` of `auth`, the bearer and the query's `token`, where the original has its JWTs,
// and `apiKey` of `auth`, the header x-api-key and the query's `apiKey`. A JWT is no secret of ours, and gives way to
// any other. `auth`: of the packet CONNECT, a JSON object or empty.
std::string SecretOf(absl::string_view auth, const http::Request& handshake);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CREDENTIALS_H_
