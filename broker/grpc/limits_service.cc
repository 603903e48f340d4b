#include "broker/grpc/limits_service.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/auth/permission.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "broker/listing/page_size.h"
#include "broker/listing/page_token.h"
#include "broker/quota/instance_limits.h"
#include "playhead/v1/limits.grpc.pb.h"
#include "proto/errors.h"
#include "storage/own_instances.h"

namespace playhead::broker {
namespace {

using Generated = v1::Limits;
using RawService = Generated::WithRawCallbackMethod_GetLimits<Generated::WithRawCallbackMethod_ListLimits<
    Generated::WithRawCallbackMethod_SetLimits<Generated::WithRawCallbackMethod_ClearLimits<Generated::Service>>>>;

class LimitsCall final : public UnaryCall {
 public:
  using UnaryCall::core;
  using UnaryCall::UnaryCall;

  // Records the action in the audit log, then performs it.
  void Act(const std::string& action, const std::string& instance, const std::string& detail,
           absl::AnyInvocable<void(storage::StatusCallback)> act, grpc::ByteBuffer answer) {
    const std::string subject = instance.empty() ? "default" : instance;
    core().audit.Record({caller()->key_id(), action, subject, detail},
                        [this, act = std::move(act), answer = std::move(answer)](absl::Status recorded) mutable {
                          if (!recorded.ok()) return Refuse(recorded);
                          act([this, answer = std::move(answer)](absl::Status status) mutable {
                            if (!status.ok()) return Refuse(status);
                            Reply(std::move(answer));
                          });
                        });
  }
};

absl::Status CheckName(absl::string_view instance) {
  if (instance.empty()) return absl::OkStatus();
  if (absl::Status status = storage::CheckInstanceName(instance); !status.ok()) return status;
  if (!storage::IsOwnInstance(instance)) return absl::OkStatus();
  return MakeError(Reason::kPermissionDenied, "this instance is the broker's own: nothing limits it");
}

std::string Describe(const v1::InstanceLimits& limits) {
  const auto text = [](bool set, uint64_t value) { return set ? absl::StrCat(value) : std::string("unset"); };
  return absl::StrCat(
      "append_events_per_second=", text(limits.has_append_events_per_second(), limits.append_events_per_second()),
      " append_bytes_per_second=", text(limits.has_append_bytes_per_second(), limits.append_bytes_per_second()),
      " stored_bytes_max=", text(limits.has_stored_bytes_max(), limits.stored_bytes_max()));
}

absl::Status Get(LimitSettings& settings, const grpc::ByteBuffer& buffer, LimitsCall* call) {
  v1::GetLimitsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const std::string& instance = request.instance();
  if (absl::Status status = CheckName(instance); !status.ok()) return status;
  absl::Status permitted = instance.empty() ? call->caller()->CheckAll(Permission::kManage)
                                            : call->caller()->Check(Permission::kManage, instance);
  if (!permitted.ok()) return permitted;
  v1::GetLimitsResponse response;
  if (const auto limits = settings.Own(""); limits.has_value()) *response.mutable_default_() = *limits;
  if (instance.empty()) {
    call->Reply(ToByteBuffer(response));
    return absl::OkStatus();
  }
  if (const auto limits = settings.Own(instance); limits.has_value()) *response.mutable_own() = *limits;
  const EffectiveLimits effective = settings.Of(instance);
  response.mutable_effective()->set_append_events_per_second(effective.append_events_per_second);
  response.mutable_effective()->set_append_bytes_per_second(effective.append_bytes_per_second);
  response.mutable_effective()->set_stored_bytes_max(effective.stored_bytes_max);
  call->core().instance_limits.StoredBytes(
      instance, [call, response = std::move(response)](absl::StatusOr<uint64_t> stored) mutable {
        if (!stored.ok()) return call->Refuse(stored.status());
        response.set_stored_bytes(*stored);
        call->Reply(ToByteBuffer(response));
      });
  return absl::OkStatus();
}

absl::Status List(LimitSettings& settings, const grpc::ByteBuffer& buffer, LimitsCall* call) {
  v1::ListLimitsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->caller()->CheckAll(Permission::kManage); !status.ok()) return status;
  const auto page_size = CheckPageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const auto after = DecodePageToken(request.page_token(), "");
  if (!after.ok()) return after.status();
  v1::ListLimitsResponse response;
  if (const auto limits = settings.Own(""); limits.has_value()) *response.mutable_default_() = *limits;
  // One row more than the page shows whether there is another page.
  for (auto& [instance, limits] : settings.List(*after, *page_size + 1)) {
    if (static_cast<size_t>(response.rows_size()) == *page_size) {
      response.set_next_page_token(EncodePageToken(response.rows().rbegin()->instance()));
      break;
    }
    v1::ListLimitsResponse::Row& row = *response.add_rows();
    row.set_instance(instance);
    *row.mutable_limits() = limits;
  }
  call->Reply(ToByteBuffer(response));
  return absl::OkStatus();
}

absl::Status Set(LimitSettings& settings, const grpc::ByteBuffer& buffer, LimitsCall* call) {
  v1::SetLimitsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->caller()->CheckAll(Permission::kManage); !status.ok()) return status;
  if (absl::Status status = CheckName(request.instance()); !status.ok()) return status;
  if (absl::Status status = settings.CheckSet(request.instance(), request.limits()); !status.ok()) return status;
  call->Act(
      "audit.limits_set", request.instance(), Describe(request.limits()),
      [&settings, request](storage::StatusCallback done) {
        settings.Set(request.instance(), request.limits(), std::move(done));
      },
      ToByteBuffer(v1::SetLimitsResponse()));
  return absl::OkStatus();
}

absl::Status Clear(LimitSettings& settings, const grpc::ByteBuffer& buffer, LimitsCall* call) {
  v1::ClearLimitsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->caller()->CheckAll(Permission::kManage); !status.ok()) return status;
  if (absl::Status status = CheckName(request.instance()); !status.ok()) return status;
  if (!settings.Own(request.instance()).has_value()) {
    call->Reply(ToByteBuffer(v1::ClearLimitsResponse()));
    return absl::OkStatus();
  }
  call->Act(
      "audit.limits_cleared", request.instance(), "",
      [&settings, instance = request.instance()](storage::StatusCallback done) {
        settings.Clear(instance, std::move(done));
      },
      ToByteBuffer(v1::ClearLimitsResponse()));
  return absl::OkStatus();
}

class LimitsService final : public RawService {
 public:
  LimitsService(const Core& core, LimitSettings& settings) : core_(core), settings_(settings) {}

  grpc::ServerUnaryReactor* GetLimits(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Start(Get, "Limits.GetLimits", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListLimits(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override {
    return Start(List, "Limits.ListLimits", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* SetLimits(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Start(Set, "Limits.SetLimits", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ClearLimits(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Start(Clear, "Limits.ClearLimits", *context, *request, *response);
  }

 private:
  using Body = absl::Status(LimitSettings&, const grpc::ByteBuffer&, LimitsCall*);

  grpc::ServerUnaryReactor* Start(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new LimitsCall(method, core_, context, response);
    if (absl::Status status = body(settings_, request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
  LimitSettings& settings_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLimitsService(const Core& core, LimitSettings& settings) {
  return std::make_unique<LimitsService>(core, settings);
}

}  // namespace playhead::broker
