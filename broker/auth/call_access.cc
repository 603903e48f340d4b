#include "broker/auth/call_access.h"

#include <utility>

namespace playhead::broker {

CallAccess JudgeAccess(const Core& core, absl::string_view secret, size_t request_bytes) {
  return JudgeCaller(core, core.auth.Authenticate(secret), secret, request_bytes);
}

CallAccess JudgeCaller(const Core& core, absl::StatusOr<std::shared_ptr<Caller>> caller, absl::string_view secret,
                       size_t request_bytes) {
  CallAccess access;
  access.refusal = core.streams.CheckServing();
  if (!access.refusal.ok()) return access;
  if (caller.ok()) {
    access.caller = *std::move(caller);
    return access;
  }
  access.refusal = caller.status();
  const absl::Duration delay = core.auth.RefusalDelay(access.refusal, secret);
  if (request_bytes <= kHeldRequestBytesMax) access.refusal_delay = delay;
  return access;
}

}  // namespace playhead::broker
