// Shared by the calls that show and change the settings of one instance, or those for all instances without their own
// (broker/settings/instance_settings.h).
#ifndef PLAYHEAD_BROKER_GRPC_SETTINGS_CALL_H_
#define PLAYHEAD_BROKER_GRPC_SETTINGS_CALL_H_

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/audit.h"
#include "broker/auth/permission.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "broker/settings/instance_settings.h"
#include "storage/event_log.h"

namespace playhead::broker {

// As UnaryCall.
class SettingsCall final : public UnaryCall {
 public:
  using UnaryCall::core;
  using UnaryCall::UnaryCall;

  // Admits the caller, parses the request, and checks that the caller manages its instance, or all.
  template <typename Request>
  absl::Status Accept(const grpc::ByteBuffer& buffer, Request& request) {
    if (absl::Status status = Enter(buffer); !status.ok()) return status;
    if (absl::Status status = ParseRequest(buffer, request); !status.ok()) return status;
    if (request.instance() == kAllInstances) return caller()->CheckAll(Permission::kManage);
    if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
    return caller()->Check(Permission::kManage, request.instance());
  }

  // Records the action in the audit log, then runs `act`.
  void Record(absl::string_view action, const std::string& instance, std::string detail,
              absl::AnyInvocable<void() &&> act) {
    core().audit.Record(
        {.actor = caller()->key_id(), .action = std::string(action), .subject = instance, .detail = std::move(detail)},
        [this, act = std::move(act)](absl::Status status) mutable {
          if (!status.ok()) return Refuse(status);
          std::move(act)();
        });
  }
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SETTINGS_CALL_H_
