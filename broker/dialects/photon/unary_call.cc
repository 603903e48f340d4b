#include "broker/dialects/photon/unary_call.h"

#include <grpcpp/support/slice.h>

#include <utility>

#include "broker/dialects/photon/error_trailers.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker::photon {

void UnaryCall::Reply(std::string response) {
  // Moved, not copied: a reply may have megabytes.
  auto* const owned = new std::string(std::move(response));
  const grpc::Slice slice(
      owned->data(), owned->size(), [](void* text) { delete static_cast<std::string*>(text); }, owned);
  response_ = grpc::ByteBuffer(&slice, 1);
  Finish(grpc::Status::OK);
}

void UnaryCall::Refuse(const absl::Status& status) {
  LogRefusal(method_, status);
  Finish(ToClientStatus(status, context_));
}

void UnaryCall::RefuseLate(TimerQueue& timers, absl::Duration delay, absl::Status status) {
  RefuseAfter(timers, delay, [this, status = std::move(status)] { Refuse(status); });
}

}  // namespace playhead::broker::photon
