// How every call is let in, over gRPC and HTTP: the broker serves, and the call's secret is good.
#ifndef PLAYHEAD_BROKER_GRPC_CALL_ACCESS_H_
#define PLAYHEAD_BROKER_GRPC_CALL_ACCESS_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/core.h"

namespace playhead::broker {

// A call whose request holds more memory than this is refused at once, so that answers held back cost little.
inline constexpr size_t kHeldRequestBytesMax = size_t{16} << 10;

// Exactly one of the two is set.
struct CallAccess {
  std::shared_ptr<Caller> caller;
  absl::Status refusal;  // SHUTTING_DOWN, UNAUTHENTICATED, KEY_REVOKED, KEY_EXPIRED.
  // How long to hold the refusal back, usually zero. Not long, and bounded in number: a plain timer will do.
  absl::Duration refusal_delay;
};

// Judges a call that brought `secret` (empty for none) and a request of `request_bytes`. Call once for a call.
CallAccess JudgeAccess(const Core& core, absl::string_view secret, size_t request_bytes);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CALL_ACCESS_H_
