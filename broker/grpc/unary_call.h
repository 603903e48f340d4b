// Shared by the unary calls of all services: admission, one reply or one refusal, and their own memory.
#ifndef PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_
#define PLAYHEAD_BROKER_GRPC_UNARY_CALL_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/core.h"
#include "broker/grpc/message_buffer.h"
#include "storage/callback.h"

namespace playhead::broker {

// Create it with new; it deletes itself in OnDone. Call exactly one of Reply and Refuse, from any thread. Afterwards
// the object must not be used.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `method` must be a literal.
  UnaryCall(absl::string_view method, const Core& core, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response)
      : method_(method), core_(core), context_(context), response_(response) {}

  // Every call begins with this, or with Accept. Checks the secret in `authorization: Bearer`
  // (broker/auth/call_access.h), and returns Ok or the refusal, which may then be sent with a delay.
  absl::Status Enter(const grpc::ByteBuffer& request);
  // Enter, and then parses the request.
  absl::Status Accept(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& request);

  // REQUIRES: Enter returned Ok.
  const std::shared_ptr<Caller>& caller() const { return caller_; }

  void Reply(grpc::ByteBuffer response);
  void Refuse(const absl::Status& status);
  // Returns a callback that replies with a message of type Response, or refuses the call.
  template <typename Response>
  storage::Callback<Response> Answer() {
    return [this](absl::StatusOr<Response> response) {
      if (!response.ok()) return Refuse(response.status());
      Reply(ToByteBuffer(*response));
    };
  }

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
