#include "broker/grpc/append_call.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/byte_budget.h"
#include "broker/grpc/append_response.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "proto/errors.h"
#include "storage/append_validator.h"

namespace playhead::broker {
namespace {

class AppendCall final : public UnaryCall {
 public:
  AppendCall(const Core& core, grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
      : UnaryCall("Append", context, response), core_(core) {}

  void Start(const grpc::ByteBuffer& request) {
    if (absl::Status status = Submit(request); !status.ok()) Refuse(status);
  }

 private:
  absl::Status Submit(const grpc::ByteBuffer& request) {
    if (absl::Status status = core_.streams.CheckServing(); !status.ok()) return status;
    auto grant = core_.append_budget.TryAcquire(request.Length());
    if (!grant) return MakeError(Reason::kAppendQueueFull, "too many appends are in flight: try again shortly");
    grant_ = *std::move(grant);
    auto bytes = RequestBytes::From(request);
    if (!bytes.ok()) return bytes.status();
    const absl::string_view view = (*bytes)->view();
    auto batch = storage::ParseAppendRequest(view, *std::move(bytes), {core_.limits.event_bytes_max});
    if (!batch.ok()) return batch.status();
    session_ = core_.log.NewAppendSession();
    session_->Append(*std::move(batch), [this](absl::StatusOr<storage::AppendResult> result) {
      grant_.Release();
      if (!result.ok()) return Refuse(result.status());
      Reply(EncodeAppendResponse(*result, core_.log.durability()));
    });
    return absl::OkStatus();
  }

  const Core core_;
  ByteBudget::Grant grant_;
  std::unique_ptr<storage::AppendSession> session_;
};

}  // namespace

grpc::ServerUnaryReactor* StartAppendCall(const Core& core, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  auto* const call = new AppendCall(core, context, response);
  call->Start(request);
  return call;
}

}  // namespace playhead::broker
