#include "broker/grpc/instance_calls.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/permission.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "broker/instance_message.h"
#include "broker/listing/covered_instances.h"
#include "broker/listing/page_size.h"
#include "broker/listing/page_token.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker {

using storage::InstanceInfo;

namespace {

class InstanceCall final : public UnaryCall {
 public:
  using UnaryCall::core;
  using UnaryCall::UnaryCall;
};

absl::Status Get(const grpc::ByteBuffer& buffer, InstanceCall* call) {
  v1::GetInstanceRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  if (absl::Status status = call->caller()->Check(Permission::kSubscribe, request.instance()); !status.ok()) {
    return status;
  }
  call->core().log.GetInstance(request.instance(), [call](absl::StatusOr<InstanceInfo> info) {
    if (!info.ok()) return call->Refuse(info.status());
    call->Reply(ToByteBuffer(InstanceMessage(*info)));
  });
  return absl::OkStatus();
}

absl::Status List(const grpc::ByteBuffer& buffer, InstanceCall* call) {
  v1::ListInstancesRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const auto page_size = CheckPageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  // A prefix longer than any name is not an error; it matches nothing.
  auto after = DecodePageToken(request.page_token(), request.prefix());
  if (!after.ok()) return after.status();
  // One row more than the page shows whether there is another page.
  ListCoveredInstances(call->core().log, call->caller(), request.prefix(), *std::move(after), *page_size + 1,
                       [call, page_size = *page_size](absl::StatusOr<std::vector<InstanceInfo>> rows) {
                         if (!rows.ok()) return call->Refuse(rows.status());
                         v1::ListInstancesResponse response;
                         for (const InstanceInfo& row : *rows) {
                           if (static_cast<size_t>(response.instances_size()) == page_size) {
                             response.set_next_page_token(EncodePageToken(response.instances().rbegin()->name()));
                             break;
                           }
                           *response.add_instances() = InstanceMessage(row);
                         }
                         call->Reply(ToByteBuffer(response));
                       });
  return absl::OkStatus();
}

absl::Status Delete(InstanceDeletion& deletion, const grpc::ByteBuffer& buffer, InstanceCall* call) {
  v1::DeleteInstanceRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  if (absl::Status status = call->caller()->Check(Permission::kManage, request.instance()); !status.ok()) return status;
  if (storage::IsOwnInstance(request.instance())) {
    return MakeError(Reason::kPermissionDenied, "this instance is the broker's own: it cannot be deleted");
  }
  deletion.Delete(call->caller()->key_id(), request.instance(), [call](absl::Status status) {
    if (!status.ok()) return call->Refuse(status);
    call->Reply(ToByteBuffer(v1::DeleteInstanceResponse()));
  });
  return absl::OkStatus();
}

using Body = absl::Status(const grpc::ByteBuffer&, InstanceCall*);

grpc::ServerUnaryReactor* StartCall(Body* body, const char* method, const Core& core,
                                    grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                    grpc::ByteBuffer& response) {
  auto* const call = new InstanceCall(method, core, context, response);
  if (absl::Status status = body(request, call); !status.ok()) call->Refuse(status);
  return call;
}

}  // namespace

grpc::ServerUnaryReactor* StartGetInstanceCall(const Core& core, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  return StartCall(Get, "GetInstance", core, context, request, response);
}

grpc::ServerUnaryReactor* StartListInstancesCall(const Core& core, grpc::CallbackServerContext& context,
                                                 const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  return StartCall(List, "ListInstances", core, context, request, response);
}

grpc::ServerUnaryReactor* StartDeleteInstanceCall(const Core& core, InstanceDeletion& deletion,
                                                  grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                                  grpc::ByteBuffer& response) {
  auto* const call = new InstanceCall("DeleteInstance", core, context, response);
  if (absl::Status status = Delete(deletion, request, call); !status.ok()) call->Refuse(status);
  return call;
}

}  // namespace playhead::broker
