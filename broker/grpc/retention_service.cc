#include "broker/grpc/retention_service.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/settings_call.h"
#include "broker/settings/instance_settings.h"
#include "playhead/v1/retention.grpc.pb.h"

namespace playhead::broker {
namespace {

using retention::Effect;
using retention::Keeper;
using retention::Policy;
using retention::PolicyStore;
using storage::InstanceInfo;
using storage::InstanceNumber;

using Generated = v1::Retention;
using RawService = Generated::WithRawCallbackMethod_GetRetention<
    Generated::WithRawCallbackMethod_SetRetention<Generated::WithRawCallbackMethod_ClearRetention<Generated::Service>>>;

v1::RetentionEffect ToProto(const Effect& effect) {
  v1::RetentionEffect out;
  out.set_instances(effect.instances);
  out.set_events(effect.events);
  out.set_bytes(effect.bytes);
  out.set_first_cursor(effect.first_kept.value());
  out.set_incomplete(effect.incomplete);
  return out;
}

struct Parts {
  PolicyStore& policies;
  Keeper& keeper;
};

absl::Status Get(Parts parts, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::GetRetentionRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (request.instance() == kAllInstances) {
    v1::GetRetentionResponse response;
    if (auto policy = parts.policies.OfAll()) {
      *response.mutable_policy() = *policy;
      *response.mutable_effective() = *std::move(policy);
    }
    for (std::string& name : parts.policies.Names()) response.add_instances(std::move(name));
    call->Reply(ToByteBuffer(response));
    return absl::OkStatus();
  }
  call->core().log.OpenInstance(request.instance(), storage::OpenMode::kExisting,
                                [parts, call](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                                  if (!instance.ok()) return call->Refuse(instance.status());
                                  v1::GetRetentionResponse response;
                                  const std::string& name = (*instance)->name();
                                  const InstanceNumber number = (*instance)->number();
                                  if (auto policy = parts.policies.Own(name, number))
                                    *response.mutable_policy() = *std::move(policy);
                                  if (auto policy = parts.policies.Effective(name, number))
                                    *response.mutable_effective() = *std::move(policy);
                                  const storage::LogBounds bounds = (*instance)->bounds();
                                  response.set_first_cursor(bounds.first.value());
                                  response.set_head_cursor(bounds.head.value());
                                  response.set_events(bounds.event_count());
                                  call->core().log.KeptBytes(*instance, [call, response = std::move(response)](
                                                                            absl::StatusOr<uint64_t> bytes) mutable {
                                    if (!bytes.ok()) return call->Refuse(bytes.status());
                                    response.set_bytes(*bytes);
                                    call->Reply(ToByteBuffer(response));
                                  });
                                });
  return absl::OkStatus();
}

void Store(Parts parts, SettingsCall* call, const std::string& name, InstanceNumber number, Policy policy) {
  std::string detail = absl::StrCat("policy={", policy.ShortDebugString(), "}");
  call->Record("audit.retention_set", name, std::move(detail),
               [parts, call, name, number, policy = std::move(policy)]() mutable {
                 parts.policies.Set(name, number, std::move(policy), [call](absl::Status status) {
                   if (!status.ok()) return call->Refuse(status);
                   call->Reply(ToByteBuffer(v1::SetRetentionResponse()));
                 });
               });
}

absl::Status Set(Parts parts, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::SetRetentionRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = retention::CheckPolicy(request.policy()); !status.ok()) return status;
  if (request.dry_run()) {
    parts.keeper.Plan(request.instance(), request.policy(), [call](absl::StatusOr<Effect> effect) {
      if (!effect.ok()) return call->Refuse(effect.status());
      v1::SetRetentionResponse response;
      *response.mutable_effect() = ToProto(*effect);
      call->Reply(ToByteBuffer(response));
    });
    return absl::OkStatus();
  }
  if (request.instance() == kAllInstances) {
    Store(parts, call, request.instance(), InstanceNumber(), request.policy());
    return absl::OkStatus();
  }
  call->core().log.GetInstance(request.instance(),
                               [parts, call, policy = request.policy()](absl::StatusOr<InstanceInfo> info) mutable {
                                 if (!info.ok()) return call->Refuse(info.status());
                                 Store(parts, call, info->name, info->number, std::move(policy));
                               });
  return absl::OkStatus();
}

absl::Status Clear(Parts parts, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::ClearRetentionRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  call->Record("audit.retention_cleared", request.instance(), "", [parts, call, name = request.instance()] {
    parts.policies.Clear(name, [call](absl::Status status) {
      if (!status.ok()) return call->Refuse(status);
      call->Reply(ToByteBuffer(v1::ClearRetentionResponse()));
    });
  });
  return absl::OkStatus();
}

class RetentionService final : public RawService {
 public:
  RetentionService(const Core& core, Parts parts) : core_(core), parts_(parts) {}

  grpc::ServerUnaryReactor* GetRetention(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Start(Get, "Retention.GetRetention", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* SetRetention(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Start(Set, "Retention.SetRetention", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ClearRetention(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override {
    return Start(Clear, "Retention.ClearRetention", *context, *request, *response);
  }

 private:
  template <typename Body>
  grpc::ServerUnaryReactor* Start(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new SettingsCall(method, core_, context, response);
    if (absl::Status status = body(parts_, request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
  const Parts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRetentionService(const Core& core, PolicyStore& policies, Keeper& keeper) {
  return std::make_unique<RetentionService>(core, Parts{policies, keeper});
}

}  // namespace playhead::broker
