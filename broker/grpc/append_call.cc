#include "broker/grpc/append_call.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/append.h"
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
      : UnaryCall("Append", core, context, response) {}

  void Start(const grpc::ByteBuffer& request) {
    if (absl::Status status = Submit(request); !status.ok()) Refuse(status);
  }

 private:
  absl::Status Submit(const grpc::ByteBuffer& request) {
    if (absl::Status status = Enter(request); !status.ok()) return status;
    auto grant = core().append_budget.TryAcquire(request.Length());
    if (!grant) return MakeError(Reason::kAppendQueueFull, "too many appends are in flight: try again shortly");
    grant_ = *std::move(grant);
    auto bytes = RequestBytes::From(request);
    if (!bytes.ok()) return bytes.status();
    const absl::string_view view = (*bytes)->view();
    auto batch = storage::ParseAppendRequest(view, *std::move(bytes), {core().limits.event_bytes_max});
    if (!batch.ok()) return batch.status();
    broker::Append(core(), caller(), *std::move(batch), [this](absl::StatusOr<storage::AppendResult> result) {
      grant_.Release();
      if (!result.ok()) return Refuse(result.status());
      Reply(EncodeAppendResponse(*result, core().log.durability()));
    });
    return absl::OkStatus();
  }

  ByteBudget::Grant grant_;
};

}  // namespace

grpc::ServerUnaryReactor* StartAppendCall(const Core& core, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  auto* const call = new AppendCall(core, context, response);
  call->Start(request);
  return call;
}

}  // namespace playhead::broker
