#include "broker/dialects/socketio/credentials.h"

#include "broker/auth/permission.h"
#include "broker/http/engineio/client_library.h"
#include "broker/model/json.h"
#include "proto/errors.h"

namespace playhead::broker::socketio {

Family FamilyOf(const http::Request& handshake) {
  return http::engineio::IsPython(handshake) ? Family::kAcknowledges : Family::kRecovers;
}

ConnectAuth ReadAuth(absl::string_view payload, const http::Request& handshake) {
  const auto parsed = model::ParseJson(payload.empty() ? "{}" : payload);
  const model::json::value* const value = parsed ? &*parsed : nullptr;
  ConnectAuth auth;
  auth.pid = model::Text(model::Find(value, "pid"));
  auth.offset = model::Text(model::Find(value, "offset"));
  const std::string tokens[] = {
      model::Text(model::Find(value, "token")),
      model::Text(model::Find(value, "apiKey")),
      std::string(handshake.BearerSecret()),
      std::string(handshake.Header("x-api-key").value_or("")),
      std::string(handshake.Query("token").value_or("")),
      std::string(handshake.Query("apiKey").value_or("")),
  };
  for (const std::string& token : tokens) {
    if (token.empty()) continue;
    auth.token = token;
    break;
  }
  return auth;
}

absl::StatusOr<Credentials> Authenticate(const Core& core, const std::string& token) {
  Credentials credentials;
  if (core.auth.open()) {
    auto anybody = core.auth.Authenticate("");
    if (!anybody.ok()) return anybody.status();
    if (token.empty()) {
      return MakeError(Reason::kUnauthenticated, "this broker has no keys: give the name of an instance as the token");
    }
    credentials.caller = *std::move(anybody);
    credentials.instance = token;
  } else {
    auto caller = core.auth.Authenticate(token);
    if (!caller.ok()) return caller.status();
    credentials.caller = *std::move(caller);
    const auto& ranges = credentials.caller->key().rules().instances.ranges();
    if (ranges.size() != 1 || ranges.front().is_prefix) {
      return MakeError(Reason::kPermissionDenied,
                       "this key covers more than one instance: Socket.IO needs a key of exactly one");
    }
    credentials.instance = ranges.front().text;
  }
  if (absl::Status status = credentials.caller->Check(Permission::kSubscribe, credentials.instance); !status.ok()) {
    return status;
  }
  return credentials;
}

}  // namespace playhead::broker::socketio
