// POST /v1/access_tokens: mints an access token for a caller with a key (broker/auth/access_token.h).
#ifndef PLAYHEAD_BROKER_HTTP_API_TOKEN_ROUTE_H_
#define PLAYHEAD_BROKER_HTTP_API_TOKEN_ROUTE_H_

#include <cstddef>

#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http_api/services.h"

namespace playhead::broker::http_api {

inline constexpr size_t kTokenBodyBytesMax = size_t{4} << 10;

// {"instances":"shop-*","lifetime_seconds":300} is answered with
// {"access_token":"pat_...","instances":"shop-*","expires_at":"2026-01-02T03:09:05.000000Z"}.
void MintAccessToken(const Services& services, http::Request request, http::Responder responder);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_TOKEN_ROUTE_H_
