// The caller and the instance of a call of this dialect, from its metadata.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_CREDENTIALS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_CREDENTIALS_H_

#include <grpcpp/server_context.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/core.h"
#include "broker/dialects/photon/dialect.h"
#include "broker/dialects/photon/frame_reader.h"
#include "storage/event_log.h"

namespace playhead::broker::photon {

struct Credentials {
  std::shared_ptr<Caller> caller;  // From `access_token`, a key's secret. May subscribe to the instance.
  Audience audience;               // From `phone_number_id`, the instance, and `app_secret`.
  // Identifies the connection and its credentials: calls with the same value are from one client.
  std::string connection;
};

struct Admission {
  absl::StatusOr<Credentials> credentials;
  absl::Duration refusal_delay;  // How long to delay a refusal (broker/auth/call_access.h).
};

// Checks a call with a request of `request_bytes`. Call it once per call.
//   Unauthenticated   no `access_token`, or a wrong one; no `phone_number_id`; an `app_secret` that is not the
//                     instance's.
//   PermissionDenied  the key may not subscribe to the instance.
//   InvalidArgument   INSTANCE_NAME_INVALID.
//   Unavailable       SHUTTING_DOWN.
Admission Admit(const Dialect& dialect, const grpc::CallbackServerContext& context, size_t request_bytes);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_CREDENTIALS_H_
