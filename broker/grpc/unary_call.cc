#include "broker/grpc/unary_call.h"

#include "broker/error_status.h"
#include "broker/log.h"

namespace playhead::broker {

void UnaryCall::Reply(grpc::ByteBuffer response) {
  response_.Swap(&response);
  Finish(grpc::Status::OK);
}

void UnaryCall::Refuse(const absl::Status& status) {
  LogRefusal(method_, status);
  Finish(ToGrpcStatus(status, context_));
}

}  // namespace playhead::broker
