#include "broker/grpc/unary_call.h"

#include <utility>

#include "broker/auth/call_access.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/error_status.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker {

absl::Status UnaryCall::Enter(const grpc::ByteBuffer& request) {
  CallAccess access = JudgeAccess(core_, BearerSecret(context_), request.Length());
  caller_ = std::move(access.caller);
  refusal_delay_ = access.refusal_delay;
  return access.refusal;
}

absl::Status UnaryCall::Accept(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& request) {
  absl::Status status = Enter(buffer);
  return status.ok() ? ParseRequest(buffer, request) : status;
}

void UnaryCall::Reply(grpc::ByteBuffer response) {
  response_.Swap(&response);
  Finish(grpc::Status::OK);
}

void UnaryCall::Refuse(const absl::Status& status) {
  LogRefusal(method_, status);
  RefuseAfter(core_.timers, refusal_delay_, [this, status = ToGrpcStatus(status, context_)] { Finish(status); });
}

}  // namespace playhead::broker
