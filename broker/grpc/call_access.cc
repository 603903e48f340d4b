#include "broker/grpc/call_access.h"

#include <utility>

#include "absl/status/statusor.h"
#include "proto/errors.h"

namespace playhead::broker {

CallAccess JudgeAccess(const Core& core, absl::string_view secret, size_t request_bytes) {
  CallAccess access;
  access.refusal = core.streams.CheckServing();
  if (!access.refusal.ok()) return access;
  absl::StatusOr<std::shared_ptr<Caller>> caller = core.auth.Authenticate(secret);
  if (caller.ok()) {
    access.caller = *std::move(caller);
    return access;
  }
  access.refusal = caller.status();
  if (HasReason(access.refusal, Reason::kUnauthenticated)) {
    const absl::Duration delay = core.auth.RefusalDelay(secret);
    if (request_bytes <= kHeldRequestBytesMax) access.refusal_delay = delay;
  }
  return access;
}

}  // namespace playhead::broker
