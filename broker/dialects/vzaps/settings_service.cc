#include "broker/dialects/vzaps/settings_service.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/settings_call.h"
#include "broker/settings/instance_settings.h"
#include "playhead/v1/vzaps.grpc.pb.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

using storage::InstanceInfo;
using storage::InstanceNumber;
using store::v1::VZapsEventsRecord;

using Generated = v1::VZaps;
using RawService =
    Generated::WithRawCallbackMethod_GetSubscribedEvents<Generated::WithRawCallbackMethod_SetSubscribedEvents<
        Generated::WithRawCallbackMethod_ClearSubscribedEvents<Generated::Service>>>;

v1::GetSubscribedEventsResponse Describe(const std::optional<VZapsEventsRecord>& own,
                                         const std::optional<VZapsEventsRecord>& effective) {
  v1::GetSubscribedEventsResponse response;
  if (own) *response.mutable_events() = own->events();
  if (effective) {
    *response.mutable_effective_events() = effective->events();
  } else {
    response.add_effective_events(std::string(kAllEvents));
  }
  return response;
}

absl::Status Get(SubscribedEvents& subscribed, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::GetSubscribedEventsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  if (request.instance() == kAllInstances) {
    const auto of_all = subscribed.OfAll();
    v1::GetSubscribedEventsResponse response = Describe(of_all, of_all);
    for (std::string& name : subscribed.Names()) response.add_instances(std::move(name));
    call->Reply(ToByteBuffer(response));
    return absl::OkStatus();
  }
  call->core().log.GetInstance(request.instance(), [&subscribed, call](absl::StatusOr<InstanceInfo> info) {
    if (!info.ok()) return call->Refuse(info.status());
    call->Reply(ToByteBuffer(
        Describe(subscribed.Own(info->name, info->number), subscribed.Effective(info->name, info->number))));
  });
  return absl::OkStatus();
}

void Store(SubscribedEvents& subscribed, SettingsCall* call, const std::string& name, InstanceNumber number,
           VZapsEventsRecord record) {
  std::string detail = absl::StrCat("events=", absl::StrJoin(record.events(), ","));
  call->Record("audit.vzaps_events_set", name, std::move(detail),
               [&subscribed, call, name, number, record = std::move(record)]() mutable {
                 v1::SetSubscribedEventsResponse response;
                 *response.mutable_events() = record.events();
                 subscribed.SetWhileItExists(call->core().log, name, number, std::move(record),
                                             [call, response](absl::Status status) {
                                               if (!status.ok()) return call->Refuse(status);
                                               call->Reply(ToByteBuffer(response));
                                             });
               });
}

absl::Status Set(SubscribedEvents& subscribed, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::SetSubscribedEventsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  const auto events = CheckEventNames({request.events().begin(), request.events().end()});
  if (!events.ok()) return events.status();
  VZapsEventsRecord record;
  record.mutable_events()->Assign(events->begin(), events->end());
  if (request.instance() == kAllInstances) {
    Store(subscribed, call, request.instance(), InstanceNumber(), std::move(record));
    return absl::OkStatus();
  }
  call->core().log.GetInstance(
      request.instance(), [&subscribed, call, record = std::move(record)](absl::StatusOr<InstanceInfo> info) mutable {
        if (!info.ok()) return call->Refuse(info.status());
        Store(subscribed, call, info->name, info->number, std::move(record));
      });
  return absl::OkStatus();
}

absl::Status Clear(SubscribedEvents& subscribed, const grpc::ByteBuffer& buffer, SettingsCall* call) {
  v1::ClearSubscribedEventsRequest request;
  if (absl::Status status = call->Accept(buffer, request); !status.ok()) return status;
  call->Record("audit.vzaps_events_cleared", request.instance(), "", [&subscribed, call, name = request.instance()] {
    subscribed.Clear(name, [call](absl::Status status) {
      if (!status.ok()) return call->Refuse(status);
      call->Reply(ToByteBuffer(v1::ClearSubscribedEventsResponse()));
    });
  });
  return absl::OkStatus();
}

class SettingsService final : public RawService {
 public:
  SettingsService(const Core& core, SubscribedEvents& subscribed) : core_(core), subscribed_(subscribed) {}

  grpc::ServerUnaryReactor* GetSubscribedEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) override {
    return Start(Get, "VZaps.GetSubscribedEvents", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* SetSubscribedEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) override {
    return Start(Set, "VZaps.SetSubscribedEvents", *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ClearSubscribedEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) override {
    return Start(Clear, "VZaps.ClearSubscribedEvents", *context, *request, *response);
  }

 private:
  using Body = absl::Status(SubscribedEvents&, const grpc::ByteBuffer&, SettingsCall*);

  grpc::ServerUnaryReactor* Start(Body* body, absl::string_view method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
    auto* const call = new SettingsCall(method, core_, context, response);
    if (absl::Status status = body(subscribed_, request, call); !status.ok()) call->Refuse(status);
    return call;
  }

  const Core core_;
  SubscribedEvents& subscribed_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSettingsService(const Core& core, SubscribedEvents& subscribed) {
  return std::make_unique<SettingsService>(core, subscribed);
}

}  // namespace playhead::broker::vzaps
