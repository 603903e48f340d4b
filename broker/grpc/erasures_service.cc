#include "broker/grpc/erasures_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "broker/audit.h"
#include "broker/auth/permission.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "broker/listing/page_size.h"
#include "playhead/v1/erasure.grpc.pb.h"
#include "proto/errors.h"
#include "storage/erasures.h"

namespace playhead::broker {
namespace {

using storage::ErasureInfo;
using storage::ErasureRequest;

using Generated = v1::Erasures;
using RawService = Generated::WithRawCallbackMethod_EraseEvents<Generated::WithRawCallbackMethod_GetErasure<
    Generated::WithRawCallbackMethod_ListErasures<Generated::WithRawCallbackMethod_CancelErasure<Generated::Service>>>>;

v1::Erasure ToProto(const ErasureInfo& info) {
  v1::Erasure out;
  out.set_number(info.id);
  for (const std::string& instance : info.instances) out.add_instances(instance);
  out.set_cursor_count(info.cursor_count);
  out.set_id_count(info.id_count);
  out.set_attribute_key(info.attribute_key);
  out.set_dry_run(info.dry_run);
  out.set_state(static_cast<v1::Erasure::State>(static_cast<int>(info.state) + 1));
  out.set_requested_at(info.requested_at.micros());
  out.set_ended_at(info.ended_at.micros());
  out.set_instance_count(info.progress.instances);
  out.set_scanned_events(info.progress.scanned_events);
  out.set_scanned_bytes(info.progress.scanned_bytes);
  out.set_erased_events(info.progress.erased_events);
  out.set_erased_bytes(info.progress.erased_bytes);
  out.set_damaged_blocks(info.progress.damaged_blocks);
  return out;
}

ErasureRequest FromProto(const v1::EraseEventsRequest& request) {
  ErasureRequest out;
  out.instances.assign(request.instances().begin(), request.instances().end());
  for (const uint64_t cursor : request.cursors()) out.cursors.emplace_back(cursor);
  out.ids.assign(request.ids().begin(), request.ids().end());
  if (request.has_attribute()) out.attribute = {request.attribute().key(), request.attribute().value()};
  out.dry_run = request.dry_run();
  return out;
}

// For the audit log: what the request selects, without attribute values, which may be personal data.
std::string DetailOf(const ErasureRequest& request) {
  if (!request.cursors.empty()) {
    return absl::StrCat("cursors=", absl::StrJoin(request.cursors, ",", [](std::string* out, storage::Cursor cursor) {
                          absl::StrAppend(out, cursor.value());
                        }));
  }
  if (request.attribute) return absl::StrCat("attribute=", request.attribute->first);
  return absl::StrCat("ids=", request.ids.size());
}

class ErasuresCall final : public UnaryCall {
 public:
  using UnaryCall::core;
  using UnaryCall::UnaryCall;

  // Whether the caller manages everything that a pattern of an erasure covers.
  absl::Status CheckManages(absl::string_view pattern) const {
    if (absl::ConsumeSuffix(&pattern, "*")) return caller()->CheckPrefix(Permission::kManage, pattern);
    return caller()->Check(Permission::kManage, pattern);
  }

  bool Manages(const ErasureInfo& info) const {
    return std::all_of(info.instances.begin(), info.instances.end(),
                       [this](const std::string& pattern) { return CheckManages(pattern).ok(); });
  }

  // The erasure, if the caller manages everything that it covers. For other callers it does not exist.
  absl::StatusOr<ErasureInfo> Find(uint64_t number) const {
    auto info = core().log.erasures().Get(number);
    if (!info.ok() || Manages(*info)) return info;
    return MakeError(Reason::kErasureNotFound, absl::StrCat("there is no erasure ", number, " of what you manage"));
  }

  void Answer(absl::StatusOr<ErasureInfo> info) {
    if (!info.ok()) return Refuse(info.status());
    Reply(ToByteBuffer(ToProto(*info)));
  }
};

absl::Status Erase(const grpc::ByteBuffer& buffer, ErasuresCall* call) {
  v1::EraseEventsRequest message;
  if (absl::Status status = call->Accept(buffer, message); !status.ok()) return status;
  ErasureRequest request = FromProto(message);
  // `*` means everything that the caller's key covers.
  if (request.instances.size() == 1 && request.instances.front() == "*") {
    request.instances = call->caller()->key().rules().instances.texts();
  }
  if (absl::Status status = storage::CheckErasureRequest(request); !status.ok()) return status;
  for (const std::string& pattern : request.instances) {
    if (absl::Status status = call->CheckManages(pattern); !status.ok()) return status;
    if (storage::InstanceMatches(pattern, kAuditInstance)) {
      return MakeError(Reason::kPermissionDenied, "the audit log is not erased from: name other instances");
    }
  }
  const auto start = [call](ErasureRequest checked) {
    call->core().log.erasures().Start(std::move(checked),
                                      [call](absl::StatusOr<ErasureInfo> info) { call->Answer(std::move(info)); });
  };
  if (request.dry_run) {
    start(std::move(request));
    return absl::OkStatus();
  }
  const std::string subject = absl::StrJoin(request.instances, ",");
  const std::string detail = DetailOf(request);
  call->core().audit.Record({call->caller()->key_id(), "audit.events_erased", subject, detail},
                            [call, start, request = std::move(request)](absl::Status recorded) mutable {
                              if (!recorded.ok()) return call->Refuse(recorded);
                              start(std::move(request));
                            });
  return absl::OkStatus();
}

absl::Status Get(const grpc::ByteBuffer& buffer, ErasuresCall* call) {
  v1::GetErasureRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  call->Answer(call->Find(request.number()));
  return absl::OkStatus();
}

absl::Status List(const grpc::ByteBuffer& buffer, ErasuresCall* call) {
  v1::ListErasuresRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const auto page_size = CheckPageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const auto infos = call->core().log.erasures().List(request.after_number(), *page_size);
  if (!infos.ok()) return infos.status();
  v1::ListErasuresResponse response;
  for (const ErasureInfo& info : *infos) {
    if (call->Manages(info)) *response.add_erasures() = ToProto(info);
  }
  if (infos->size() == *page_size) response.set_next_after_number(infos->back().id);
  call->Reply(ToByteBuffer(response));
  return absl::OkStatus();
}

absl::Status Cancel(const grpc::ByteBuffer& buffer, ErasuresCall* call) {
  v1::CancelErasureRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const auto info = call->Find(request.number());
  if (!info.ok()) return info.status();
  const std::string detail = absl::StrCat("number=", info->id);
  call->core().audit.Record(
      {call->caller()->key_id(), "audit.erasure_canceled", absl::StrJoin(info->instances, ","), detail},
      [call, number = info->id](absl::Status recorded) {
        if (!recorded.ok()) return call->Refuse(recorded);
        call->core().log.erasures().Cancel(
            number, [call](absl::StatusOr<ErasureInfo> canceled) { call->Answer(std::move(canceled)); });
      });
  return absl::OkStatus();
}

class ErasuresService final : public RawService {
 public:
  explicit ErasuresService(const Core& core) : core_(core) {}

  grpc::ServerUnaryReactor* EraseEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return Start(Erase, "Erasures.EraseEvents", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* GetErasure(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override {
    return Start(Get, "Erasures.GetErasure", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListErasures(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    return Start(List, "Erasures.ListErasures", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* CancelErasure(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return Start(Cancel, "Erasures.CancelErasure", *context, *request, *response);
  }

 private:
  using Body = absl::Status(const grpc::ByteBuffer&, ErasuresCall*);

  grpc::ServerUnaryReactor* Start(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new ErasuresCall(method, core_, context, response);
    if (absl::Status status = body(request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeErasuresService(const Core& core) { return std::make_unique<ErasuresService>(core); }

}  // namespace playhead::broker
