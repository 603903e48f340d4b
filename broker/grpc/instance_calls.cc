#include "broker/grpc/instance_calls.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/page_token.h"
#include "broker/grpc/unary_call.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/errors.h"
#include "storage/event_log.h"

namespace playhead::broker {

using storage::InstanceInfo;

namespace {

constexpr uint32_t kPageSizeDefault = 100;
constexpr uint32_t kPageSizeMax = 1000;

v1::Instance ToProto(const InstanceInfo& info) {
  v1::Instance out;
  out.set_name(info.name);
  out.set_first_cursor(info.bounds.first.value());
  out.set_head_cursor(info.bounds.head.value());
  out.set_event_count(info.bounds.event_count());
  out.set_appended_bytes(info.bounds.appended_bytes);
  out.set_created_at(info.created_at.micros());
  out.set_last_appended_at(info.bounds.last_appended_at.micros());
  return out;
}

// The checks that every call begins with.
absl::Status Accept(const Core& core, const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& request) {
  if (absl::Status status = core.streams.CheckServing(); !status.ok()) return status;
  return ParseRequest(buffer, request);
}

absl::Status Get(const Core& core, const grpc::ByteBuffer& buffer, UnaryCall* call) {
  v1::GetInstanceRequest request;
  if (absl::Status status = Accept(core, buffer, request); !status.ok()) return status;
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  core.log.GetInstance(request.instance(), [call](absl::StatusOr<InstanceInfo> info) {
    if (!info.ok()) return call->Refuse(info.status());
    call->Reply(ToByteBuffer(ToProto(*info)));
  });
  return absl::OkStatus();
}

absl::Status List(const Core& core, const grpc::ByteBuffer& buffer, UnaryCall* call) {
  v1::ListInstancesRequest request;
  if (absl::Status status = Accept(core, buffer, request); !status.ok()) return status;
  if (request.page_size() > kPageSizeMax) {
    return MakeError(Reason::kLimitInvalid, "`page_size` is 1 to 1,000, or 0 for 100");
  }
  // A longer prefix than any name has matches none, like any other that no name has.
  const size_t page_size = request.page_size() == 0 ? kPageSizeDefault : request.page_size();
  auto after = DecodePageToken(request.page_token(), request.prefix());
  if (!after.ok()) return after.status();
  // One row more than the page says whether there is another page.
  core.log.ListInstances(request.prefix(), *std::move(after), page_size + 1,
                         [call, page_size](absl::StatusOr<std::vector<InstanceInfo>> rows) {
                           if (!rows.ok()) return call->Refuse(rows.status());
                           v1::ListInstancesResponse response;
                           for (const InstanceInfo& row : *rows) {
                             if (static_cast<size_t>(response.instances_size()) == page_size) {
                               response.set_next_page_token(EncodePageToken(response.instances().rbegin()->name()));
                               break;
                             }
                             *response.add_instances() = ToProto(row);
                           }
                           call->Reply(ToByteBuffer(response));
                         });
  return absl::OkStatus();
}

absl::Status Delete(const Core& core, const grpc::ByteBuffer& buffer, UnaryCall* call) {
  v1::DeleteInstanceRequest request;
  if (absl::Status status = Accept(core, buffer, request); !status.ok()) return status;
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  core.log.DeleteInstance(request.instance(), [call](absl::Status status) {
    if (!status.ok()) return call->Refuse(status);
    call->Reply(ToByteBuffer(v1::DeleteInstanceResponse()));
  });
  return absl::OkStatus();
}

class InstanceCall final : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;
};

using Body = absl::Status(const Core&, const grpc::ByteBuffer&, UnaryCall*);

grpc::ServerUnaryReactor* StartCall(Body* body, const char* method, const Core& core,
                                    grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                    grpc::ByteBuffer& response) {
  auto* const call = new InstanceCall(method, context, response);
  if (absl::Status status = body(core, request, call); !status.ok()) call->Refuse(status);
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

grpc::ServerUnaryReactor* StartDeleteInstanceCall(const Core& core, grpc::CallbackServerContext& context,
                                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  return StartCall(Delete, "DeleteInstance", core, context, request, response);
}

}  // namespace playhead::broker
