// Converts errors of the broker to those of this dialect's client.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::photon {

// The client's name for an error with this status: `unauthenticated`, `unauthorized`, `rateLimitExceeded`, `notFound`,
// `invalidArgument`, `preconditionFailed`, `serviceUnavailable`, `timeout` or `internalError`.
absl::string_view ClientErrorCode(absl::StatusCode code);

// Returns the canonical status, by which the client chooses its error class, and adds to the call's trailers
// `error-code` with the client's name, `x-retryable: true` if a retry can help (absent otherwise), and
// `playhead-error-code` with the broker's own reason (docs/errors.md). An Ok status adds no trailers. Call it at most
// once per call, before the call is finished.
grpc::Status ToClientStatus(const absl::Status& status, grpc::CallbackServerContext& context);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_ERROR_TRAILERS_H_
