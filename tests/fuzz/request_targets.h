// Fuzz target: requests of the gRPC API, behind the generated parser.
#ifndef PLAYHEAD_TESTS_FUZZ_REQUEST_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_REQUEST_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Which request, in the first byte, and its encoding: what is not refused keeps its bounds, and every refusal has a
// reason. `bytes` are one of:
//   0 SubscribeRequest   1 FetchMissedRequest   2 ConsumeRequest.Settle   3 PlanReplayRequest   4 StartReplayRequest
//   5 RetentionPolicy    6 InstanceLimits       7 CreateKeyRequest        8 Error, as the client reads it
//   9 ConsumerConfig
void GrpcRequest(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_REQUEST_TARGETS_H_
