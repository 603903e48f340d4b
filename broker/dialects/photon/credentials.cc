#include "broker/dialects/photon/credentials.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/auth/call_access.h"
#include "broker/auth/secret.h"
#include "broker/grpc/call_metadata.h"
#include "proto/errors.h"

namespace playhead::broker::photon {
namespace {

absl::StatusOr<Credentials> ReadCredentials(const Dialect& dialect, std::shared_ptr<Caller> caller,
                                            const grpc::CallbackServerContext& context) {
  const absl::string_view instance = MetadataValue(context, "phone_number_id");
  if (instance.empty()) {
    return MakeError(Reason::kUnauthenticated, "the call names no `phone_number_id` in its metadata");
  }
  if (absl::Status status = storage::CheckInstanceName(instance); !status.ok()) return status;
  if (absl::Status status = caller->Check(Permission::kSubscribe, instance); !status.ok()) return status;
  Credentials credentials;
  credentials.caller = std::move(caller);
  credentials.audience.instance = std::string(instance);
  const absl::string_view app_secret = MetadataValue(context, "app_secret");
  if (dialect.app_secrets != nullptr && !app_secret.empty()) {
    if (!dialect.app_secrets->MayBeOf(instance, app_secret)) {
      return MakeError(Reason::kUnauthenticated,
                       "the call's `app_secret` is not the one that this number's webhooks have");
    }
    credentials.audience.app_secrets = dialect.app_secrets;
    credentials.audience.app_secret = std::string(app_secret);
  }
  // Includes the hash of the secret rather than the key's id. So on a proxy's connection, clients with the old and the
  // new secret of a rotated key are never mixed; and on a broker that runs open, each token is a client of its own.
  const SecretHash token = SecretHash::Of(MetadataValue(context, "access_token"));
  credentials.connection = absl::StrCat(context.peer(), " ", instance, " ", token.bytes());
  return credentials;
}

}  // namespace

Admission Admit(const Dialect& dialect, const grpc::CallbackServerContext& context, size_t request_bytes) {
  CallAccess access = JudgeAccess(dialect.core, MetadataValue(context, "access_token"), request_bytes);
  if (access.caller == nullptr) return {std::move(access.refusal), access.refusal_delay};
  return {ReadCredentials(dialect, std::move(access.caller), context), absl::ZeroDuration()};
}

}  // namespace playhead::broker::photon
