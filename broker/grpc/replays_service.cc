#include "broker/grpc/replays_service.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "playhead/v1/replays.grpc.pb.h"

namespace playhead::broker {
namespace {

using replay::Registry;
using Generated = v1::Replays;
using RawService = Generated::WithRawCallbackMethod_PlanReplay<Generated::WithRawCallbackMethod_StartReplay<
    Generated::WithRawCallbackMethod_GetReplay<Generated::WithRawCallbackMethod_ListReplays<
        Generated::WithRawCallbackMethod_PauseReplay<Generated::WithRawCallbackMethod_ResumeReplay<
            Generated::WithRawCallbackMethod_CancelReplay<Generated::Service>>>>>>>;

// The registry checks permissions, which depend on the instances.
class ReplaysCall final : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;

  // Sets the counting to cancel when the call is cancelled. Call it before gRPC gets the reactor: until then gRPC
  // delays OnCancel.
  void EndsWithCall(replay::Counting counting) { counting_ = std::move(counting); }

  void OnCancel() override {
    if (counting_ != nullptr) counting_->Cancel();
  }

 private:
  replay::Counting counting_;
};

absl::Status Plan(Registry& replays, const grpc::ByteBuffer& buffer, ReplaysCall* call) {
  v1::PlanReplayRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  call->EndsWithCall(replays.Plan(request, call->caller(), call->Answer<v1::ReplayPlan>()));
  return absl::OkStatus();
}

absl::Status Start(Registry& replays, const grpc::ByteBuffer& buffer, ReplaysCall* call) {
  v1::StartReplayRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  call->EndsWithCall(replays.Start(std::move(request), call->caller(), call->Answer<v1::Replay>()));
  return absl::OkStatus();
}

absl::Status Get(Registry& replays, const grpc::ByteBuffer& buffer, ReplaysCall* call) {
  v1::GetReplayRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const absl::StatusOr<v1::Replay> found = replays.Get(request.id(), *call->caller());
  if (!found.ok()) return found.status();
  call->Reply(ToByteBuffer(*found));
  return absl::OkStatus();
}

absl::Status List(Registry& replays, const grpc::ByteBuffer& buffer, ReplaysCall* call) {
  v1::ListReplaysRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  v1::ListReplaysResponse response;
  for (v1::Replay& replay : replays.List(*call->caller())) *response.add_replays() = std::move(replay);
  call->Reply(ToByteBuffer(response));
  return absl::OkStatus();
}

template <typename Request, Registry::Change change>
absl::Status Apply(Registry& replays, const grpc::ByteBuffer& buffer, ReplaysCall* call) {
  Request request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  replays.Apply(change, request.id(), *call->caller(), call->Answer<v1::Replay>());
  return absl::OkStatus();
}

class ReplaysService final : public RawService {
 public:
  ReplaysService(const Core& core, Registry& replays) : core_(core), replays_(replays) {}

  grpc::ServerUnaryReactor* PlanReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override {
    return Run(Plan, "Replays.PlanReplay", *context, *request, *response);
  }
  grpc::ServerUnaryReactor* StartReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Run(Start, "Replays.StartReplay", *context, *request, *response);
  }
  grpc::ServerUnaryReactor* GetReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Run(Get, "Replays.GetReplay", *context, *request, *response);
  }
  grpc::ServerUnaryReactor* ListReplays(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Run(List, "Replays.ListReplays", *context, *request, *response);
  }
  grpc::ServerUnaryReactor* PauseReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Run(Apply<v1::PauseReplayRequest, Registry::Change::kPause>, "Replays.PauseReplay", *context, *request,
               *response);
  }
  grpc::ServerUnaryReactor* ResumeReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Run(Apply<v1::ResumeReplayRequest, Registry::Change::kResume>, "Replays.ResumeReplay", *context, *request,
               *response);
  }
  grpc::ServerUnaryReactor* CancelReplay(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Run(Apply<v1::CancelReplayRequest, Registry::Change::kCancel>, "Replays.CancelReplay", *context, *request,
               *response);
  }

 private:
  template <typename Body>
  grpc::ServerUnaryReactor* Run(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new ReplaysCall(method, core_, context, response);
    if (absl::Status status = body(replays_, request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
  Registry& replays_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReplaysService(const Core& core, Registry& replays) {
  return std::make_unique<ReplaysService>(core, replays);
}

}  // namespace playhead::broker
