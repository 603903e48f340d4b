// Shared by the unary calls of this dialect: one reply or one refusal, and their own memory.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_UNARY_CALL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/timer_queue.h"

namespace playhead::broker::photon {

// Create it with new; it deletes itself in OnDone. Call exactly one of Reply, Refuse and RefuseLate, from any thread.
// Afterwards the object must not be used.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `method` must be a literal.
  UnaryCall(absl::string_view method, grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
      : method_(method), context_(context), response_(response) {}

  // `response` is an encoded message.
  void Reply(std::string response);
  void Refuse(const absl::Status& status);
  // Refuses after `delay`.
  void RefuseLate(TimerQueue& timers, absl::Duration delay, absl::Status status);

  void OnDone() override { delete this; }

 protected:
  ~UnaryCall() override = default;
  grpc::CallbackServerContext& context() { return context_; }

 private:
  const absl::string_view method_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer& response_;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_UNARY_CALL_H_
