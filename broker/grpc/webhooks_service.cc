#include "broker/grpc/webhooks_service.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "broker/audit.h"
#include "broker/auth/permission.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "playhead/v1/webhooks.grpc.pb.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

using webhook::SecretInfo;
using webhook::SecretStore;

using Generated = v1::Webhooks;
using RawService = Generated::WithRawCallbackMethod_SetSecret<
    Generated::WithRawCallbackMethod_ListSecrets<Generated::WithRawCallbackMethod_DeleteSecret<Generated::Service>>>;

v1::WebhookSecret ToProto(const SecretInfo& info) {
  v1::WebhookSecret out;
  out.set_instance(info.name);
  out.set_set_at(absl::ToUnixMicros(info.set_at));
  if (info.previous_until > absl::Now()) out.set_previous_until(absl::ToUnixMicros(info.previous_until));
  return out;
}

class WebhooksCall final : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;

  // Whether the caller manages the instance, or all.
  absl::Status CheckManages(absl::string_view instance) const {
    if (instance == webhook::kAllInstances) return caller()->CheckAll(Permission::kManage);
    return caller()->Check(Permission::kManage, instance);
  }

  // Records the action in the audit log, then runs `act`.
  void Record(absl::string_view action, const std::string& instance, storage::StatusCallback act) {
    core().audit.Record({.actor = caller()->key_id(), .action = std::string(action), .subject = instance},
                        [this, act = std::move(act)](absl::Status status) mutable {
                          if (!status.ok()) return Refuse(status);
                          std::move(act)(status);
                        });
  }
};

absl::Status SetSecret(SecretStore& secrets, const grpc::ByteBuffer& buffer, WebhooksCall* call) {
  v1::SetWebhookSecretRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->CheckManages(request.instance()); !status.ok()) return status;
  const absl::Duration keep_previous = request.has_keep_previous_seconds()
                                           ? absl::Seconds(request.keep_previous_seconds())
                                           : webhook::kKeepPreviousDefault;
  const std::string instance = request.instance();
  call->Record("audit.webhook_secret_set", instance,
               [&secrets, call, request = std::move(request), keep_previous](absl::Status) mutable {
                 const std::string name = request.instance();
                 secrets.Set(name, std::move(*request.mutable_secret()), keep_previous,
                             [&secrets, call, name](absl::Status status) {
                               if (!status.ok()) return call->Refuse(status);
                               v1::SetWebhookSecretResponse response;
                               for (const SecretInfo& info : secrets.List()) {
                                 if (info.name == name) *response.mutable_secret() = ToProto(info);
                               }
                               call->Reply(ToByteBuffer(response));
                             });
               });
  return absl::OkStatus();
}

absl::Status ListSecrets(const SecretStore& secrets, const grpc::ByteBuffer& buffer, WebhooksCall* call) {
  v1::ListWebhookSecretsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->CheckManages(webhook::kAllInstances); !status.ok()) return status;
  v1::ListWebhookSecretsResponse response;
  for (const SecretInfo& info : secrets.List()) *response.add_secrets() = ToProto(info);
  call->Reply(ToByteBuffer(response));
  return absl::OkStatus();
}

absl::Status DeleteSecret(SecretStore& secrets, const grpc::ByteBuffer& buffer, WebhooksCall* call) {
  v1::DeleteWebhookSecretRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = call->CheckManages(request.instance()); !status.ok()) return status;
  call->Record("audit.webhook_secret_deleted", request.instance(),
               [&secrets, call, instance = request.instance()](absl::Status) {
                 secrets.Delete(instance, [call](absl::Status status) {
                   if (!status.ok()) return call->Refuse(status);
                   call->Reply(ToByteBuffer(v1::DeleteWebhookSecretResponse()));
                 });
               });
  return absl::OkStatus();
}

class WebhooksService final : public RawService {
 public:
  WebhooksService(const Core& core, SecretStore& secrets) : core_(core), secrets_(secrets) {}

  grpc::ServerUnaryReactor* SetSecret(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return Start(broker::SetSecret, "Webhooks.SetSecret", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListSecrets(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Start(broker::ListSecrets, "Webhooks.ListSecrets", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* DeleteSecret(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Start(broker::DeleteSecret, "Webhooks.DeleteSecret", *context, *request, *response);
  }

 private:
  template <typename Body>
  grpc::ServerUnaryReactor* Start(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new WebhooksCall(method, core_, context, response);
    if (absl::Status status = body(secrets_, request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
  SecretStore& secrets_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeWebhooksService(const Core& core, webhook::SecretStore& secrets) {
  return std::make_unique<WebhooksService>(core, secrets);
}

}  // namespace playhead::broker
