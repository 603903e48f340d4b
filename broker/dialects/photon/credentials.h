// Who makes a call of this dialect, and for which instance: what its metadata say.
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
  std::shared_ptr<Caller> caller;  // By `access_token`, a key's secret; may subscribe to the instance.
  Audience audience;               // Of `phone_number_id`, the instance, and `app_secret`.
  // The connection and whom it speaks for: calls that have the same are of one client.
  std::string connection;
};

struct Admission {
  absl::StatusOr<Credentials> credentials;
  absl::Duration refusal_delay;  // How long to hold a refusal back (broker/grpc/call_access.h).
};

// Judges a call whose request has `request_bytes`. Call once for a call.
//   Unauthenticated   no `access_token`, or a wrong one; no `phone_number_id`; an `app_secret` that is not the
//                     instance's.
//   PermissionDenied  the key may not subscribe to the instance.
//   InvalidArgument   INSTANCE_NAME_INVALID.
//   Unavailable       SHUTTING_DOWN.
Admission Admit(const Dialect& dialect, const grpc::CallbackServerContext& context, size_t request_bytes);

// Opens the instance of a call, making it if the caller's quota allows. `done` runs inside the call or on a thread of
// the log; errors as Caller::AdmitInstance and EventLog::OpenInstance.
void OpenInstance(const Core& core, const Credentials& credentials,
                  storage::Callback<std::shared_ptr<storage::Instance>> done);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_CREDENTIALS_H_
