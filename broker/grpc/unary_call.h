// What the unary calls of the service have in common: one reply or one refusal, and their own memory.
#ifndef PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_
#define PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Made with new; deletes itself when gRPC is done with it. Exactly one of Reply and Refuse is called, from any thread,
// as the last thing anyone does with the object.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `method` must be a literal.
  UnaryCall(absl::string_view method, grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
      : method_(method), context_(context), response_(response) {}

  void Reply(grpc::ByteBuffer response);
  void Refuse(const absl::Status& status);

  void OnDone() override { delete this; }

 protected:
  ~UnaryCall() override = default;

 private:
  const absl::string_view method_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer& response_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_
