#include "broker/grpc/unary_call.h"

#include <utility>

#include "broker/error_status.h"
#include "broker/grpc/call_access.h"
#include "broker/grpc/call_metadata.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker {

absl::Status UnaryCall::Enter(absl::string_view secret, const grpc::ByteBuffer& request) {
  CallAccess access = JudgeAccess(core_, secret, request.Length());
  caller_ = std::move(access.caller);
  refusal_delay_ = access.refusal_delay;
  return access.refusal;
}

absl::Status UnaryCall::Enter(const grpc::ByteBuffer& request) { return Enter(BearerSecret(context_), request); }

void UnaryCall::Reply(grpc::ByteBuffer response) {
  response_.Swap(&response);
  Finish(grpc::Status::OK);
}

void UnaryCall::Refuse(const absl::Status& status) {
  LogRefusal(method_, status);
  RefuseAfter(core_.timers, refusal_delay_, [this, status = ToGrpcStatus(status, context_)] { Finish(status); });
}

}  // namespace playhead::broker
