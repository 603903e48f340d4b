// What the unary calls of all services have in common: being let in, one reply or one refusal, and their own memory.
#ifndef PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_
#define PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/core.h"

namespace playhead::broker {

// Made with new; deletes itself when gRPC is done with it. Exactly one of Reply and Refuse is called, from any thread,
// as the last thing anyone does with the object.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `method` must be a literal.
  UnaryCall(absl::string_view method, const Core& core, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response)
      : method_(method), core_(core), context_(context), response_(response) {}

  // What every call begins with: judges its secret (broker/grpc/call_access.h) and gives the refusal, or Ok. A call
  // that is refused here may be answered a little later.
  absl::Status Enter(absl::string_view secret, const grpc::ByteBuffer& request);
  // The same for the native API, whose secret is in `authorization: Bearer`.
  absl::Status Enter(const grpc::ByteBuffer& request);

  // Who calls. REQUIRES: Enter was Ok.
  const std::shared_ptr<Caller>& caller() const { return caller_; }

  void Reply(grpc::ByteBuffer response);
  void Refuse(const absl::Status& status);

  void OnDone() override { delete this; }

 protected:
  ~UnaryCall() override = default;

  const Core& core() const { return core_; }

 private:
  const absl::string_view method_;
  const Core core_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer& response_;
  std::shared_ptr<Caller> caller_;
  absl::Duration refusal_delay_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_
