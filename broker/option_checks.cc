#include "broker/option_checks.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "broker/auth/admin_secret.h"
#include "broker/backup_dirs.h"
#include "broker/http/cors.h"
#include "broker/listen/listen_policy.h"
#include "broker/replay/endpoint.h"
#include "broker/replay/http_poster.h"
#include "broker/tls/certificate_pem.h"
#include "broker/tls/http_context.h"
#include "broker/webhook/endpoint.h"
#include "storage/block.h"
#include "storage/limits.h"

namespace playhead::broker {
namespace {

absl::Status CheckSizes(const ServerOptions& options) {
  const Limits& limits = options.limits;
  if (limits.event_bytes_max > storage::kEventBytesCeiling) {
    return absl::InvalidArgumentError(absl::StrCat("event_bytes_max is ", limits.event_bytes_max, "; up to ",
                                                   storage::kEventBytesCeiling,
                                                   " is allowed, so that any event fits a message"));
  }
  if (limits.delivery_budget_bytes < storage::kEventBytesCeiling + storage::kBlockBytesTarget) {
    return absl::InvalidArgumentError(absl::StrCat(
        "delivery_budget_bytes is ", limits.delivery_budget_bytes, "; at least ",
        storage::kEventBytesCeiling + storage::kBlockBytesTarget, " is needed, so that any event can be delivered"));
  }
  if (limits.append_budget_bytes >= options.store.append_queue_bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat("append_budget_bytes is ", limits.append_budget_bytes,
                                                   "; it must be less than append_queue_bytes_max, which is ",
                                                   options.store.append_queue_bytes_max,
                                                   ", so that streams are slowed down before anything is refused"));
  }
  return absl::OkStatus();
}

absl::Status CheckAdminSecret(const ServerOptions& options) {
  return options.admin_secret_file.empty() ? absl::OkStatus() : LoadAdminSecret(options.admin_secret_file).status();
}

absl::Status CheckTls(const ServerOptions& options, absl::Time now) {
  if (options.tls.empty()) return absl::OkStatus();
  const auto pem = ReadCertificatePem(options.tls, now);
  return pem.ok() ? MakeHttpContext(*pem).status() : pem.status();
}

ListenGuards GuardsOf(const ServerOptions& options) {
  std::error_code error;
  const bool has_store = std::filesystem::exists(options.store.data_dir + "/CURRENT", error);
  return {.keys = has_store || !options.admin_secret_file.empty(),
          .tls = !options.tls.empty(),
          .allow_anyone = options.allow_anyone_on_the_network};
}

absl::Status CheckVerifyToken(const ServerOptions& options) {
  const std::string& file = options.webhook.verify_token_file;
  return file.empty() ? absl::OkStatus() : webhook::LoadVerifyToken(file).status();
}

absl::Status CheckReplays(const ServerOptions& options) {
  const auto endpoints = replay::EndpointPolicy::Make(options.replay_endpoints, /*allows_loopback=*/nullptr);
  if (!endpoints.ok()) return endpoints.status();
  if (!endpoints->MayUseTls() && options.replay_ca_file.empty()) return absl::OkStatus();
  return replay::MakePosterContext(options.replay_ca_file).status();
}

}  // namespace

std::vector<OptionCheck> CheckOptions(const ServerOptions& options, absl::Time now) {
  const ListenGuards guards = GuardsOf(options);
  return {
      {OptionPart::kSizes, CheckSizes(options)},
      {OptionPart::kAdminSecret, CheckAdminSecret(options)},
      {OptionPart::kBackupDirs, BackupDirs::Make(options.backup_dirs, options.store.data_dir).status()},
      {OptionPart::kTls, CheckTls(options, now)},
      {OptionPart::kGrpcListen, CheckListen(options.grpc_listen, guards)},
      {OptionPart::kHttpListen,
       options.http_listen.empty() ? absl::OkStatus() : CheckListen(options.http_listen, guards)},
      {OptionPart::kVerifyToken, CheckVerifyToken(options)},
      {OptionPart::kCorsOrigins, http::CorsOrigins::Make(options.http_cors_origins).status()},
      {OptionPart::kReplays, CheckReplays(options)},
  };
}

}  // namespace playhead::broker
