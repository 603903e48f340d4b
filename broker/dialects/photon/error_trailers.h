// Errors of the broker in the words of this dialect's client.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::photon {

// What the client calls an error of this status: `unauthenticated`, `unauthorized`, `rateLimitExceeded`, `notFound`,
// `invalidArgument`, `preconditionFailed`, `serviceUnavailable`, `timeout` or `internalError`.
absl::string_view ClientErrorCode(absl::StatusCode code);

// The canonical status, by which the client chooses its class of error, and in the call's trailers: `error-code` in the
// client's words, `x-retryable: true` if a retry can help (absent otherwise), and `playhead-error-code`, the broker's
// own reason (docs/errors.md). Ok stays Ok and sets none. Call once for a call, before it is finished.
grpc::Status ToClientStatus(const absl::Status& status, grpc::CallbackServerContext& context);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_
