// Admission of every call, over gRPC and HTTP: the broker is serving, and the call's secret is valid.
#ifndef PLAYHEAD_BROKER_AUTH_CALL_ACCESS_H_
#define PLAYHEAD_BROKER_AUTH_CALL_ACCESS_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/core.h"

namespace playhead::broker {

// A call whose request takes more memory than this is refused without delay, so that delayed answers cost little.
inline constexpr size_t kHeldRequestBytesMax = size_t{16} << 10;

// Exactly one of the two is set.
struct CallAccess {
  std::shared_ptr<Caller> caller;
  absl::Status refusal;  // SHUTTING_DOWN, UNAUTHENTICATED, KEY_REVOKED, KEY_EXPIRED.
  // How long to delay the refusal, usually zero. Delays are short and bounded in number: a plain timer will do.
  absl::Duration refusal_delay;
};

// Checks a call that brought `secret` (empty for none) and a request of `request_bytes`. Call it once for each call.
CallAccess JudgeAccess(const Core& core, absl::string_view secret, size_t request_bytes);

// The same for a call whose `secret`, an access token, was checked already, with `caller` as the result.
CallAccess JudgeCaller(const Core& core, absl::StatusOr<std::shared_ptr<Caller>> caller, absl::string_view secret,
                       size_t request_bytes);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_CALL_ACCESS_H_
