#include "broker/grpc/fetch_call.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/byte_budget.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/read_request.h"
#include "broker/grpc/unary_call.h"
#include "broker/read/fetch.h"
#include "broker/read/read_rules.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::broker {
namespace {

class FetchCall final : public UnaryCall {
 public:
  FetchCall(const Core& core, StalledCalls& stalled_calls, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response)
      : UnaryCall("FetchMissed", core, context, response), stalled_calls_(stalled_calls), context_(context) {}

  // Called before gRPC gets the reactor: until then gRPC delays OnCancel, so `fetch_` is set when it runs.
  void Start(const grpc::ByteBuffer& request) {
    if (absl::Status status = Submit(request); !status.ok()) Refuse(status);
  }

  void OnCancel() override {
    if (fetch_ != nullptr) fetch_->Cancel();
  }

 private:
  absl::Status Submit(const grpc::ByteBuffer& buffer) {
    v1::FetchMissedRequest message;
    if (absl::Status status = Accept(buffer, message); !status.ok()) return status;
    auto request = ToFetchRequest(message);
    if (!request.ok()) return request.status();
    const absl::Status permitted = CheckReader(*caller(), request->instance, request->filter.get());
    if (!permitted.ok()) return permitted;
    request->caller = caller();
    fetch_ =
        Fetch::Start(core(), *std::move(request), [this](absl::StatusOr<FetchPage> page) { OnPage(std::move(page)); });
    return absl::OkStatus();
  }

  void OnPage(absl::StatusOr<FetchPage> page) {
    if (!page.ok()) return Refuse(page.status());
    grant_ = std::move(page->grant);  // Held until the reply is written.
    if (grant_.bytes() > 0) {
      watch_.emplace(stalled_calls_, core().delivery_budget, context_);
      watch_->WriteStarted();
    }
    v1::FetchMissedResponse rest;
    rest.set_next_cursor(page->next.value());
    rest.set_first_cursor(page->first.value());
    rest.set_head_cursor(page->head.value());
    rest.set_end_reached(page->end_reached);
    if (page->gap) *rest.mutable_gap() = ToProto(*page->gap);
    Reply(EventsBuffer(page->slices, rest.SerializeAsString()));
  }

  StalledCalls& stalled_calls_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<Fetch> fetch_;
  ByteBudget::Grant grant_;
  std::optional<StalledCalls::Watch> watch_;
};

}  // namespace

grpc::ServerUnaryReactor* StartFetchCall(const Core& core, StalledCalls& stalled_calls,
                                         grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response) {
  auto* const call = new FetchCall(core, stalled_calls, context, response);
  call->Start(request);
  return call;
}

}  // namespace playhead::broker
