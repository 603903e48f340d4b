#include "broker/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "broker/auth/admin_secret.h"
#include "broker/console/console.h"
#include "broker/dialects/all.h"
#include "broker/grpc/consumers_service.h"
#include "broker/grpc/erasures_service.h"
#include "broker/grpc/event_log_service.h"
#include "broker/grpc/keys_service.h"
#include "broker/grpc/limits_service.h"
#include "broker/grpc/maintenance_service.h"
#include "broker/grpc/replays_service.h"
#include "broker/grpc/retention_service.h"
#include "broker/grpc/webhooks_service.h"
#include "broker/http/cors.h"
#include "broker/http/status_routes.h"
#include "broker/http_api/routes.h"
#include "broker/listen/listen_policy.h"
#include "broker/log.h"
#include "broker/option_checks.h"
#include "broker/tls/grpc_credentials.h"
#include "broker/webhook/stored_app_secrets.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "storage/engine/rocksdb_event_log.h"

namespace playhead::broker {
namespace {

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void SetChannelArguments(const Limits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.grpc_receive_bytes_max);
  // gRPC applies that limit to the compressed size, and decompresses without a limit before any key is checked.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.grpc_connection_calls_max);
  builder.SetResourceQuota(grpc::ResourceQuota("server").Resize(limits.grpc_buffer_bytes_max));
  // Clients may ping idle connections; a ping strike would end the connection with GOAWAY.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(limits.client_ping_interval_min));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // Detects peers that disappeared without closing the connection.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(limits.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(limits.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_SENT_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(limits.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

// Once in a process, before the first server is built.
void EnableReflectionAndHealth() {
  static const bool done = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)done;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  for (const OptionCheck& check : CheckOptions(options, absl::Now())) {
    if (!check.status.ok()) return check.status;
  }
  std::optional<SecretHash> admin_secret;
  if (!options.admin_secret_file.empty()) {
    auto loaded = LoadAdminSecret(options.admin_secret_file);
    if (!loaded.ok()) return loaded.status();
    admin_secret = *loaded;
  }
  Log().info("event=start data_dir={} grpc_listen={} http_listen={}", options.store.data_dir, options.grpc_listen,
             options.http_listen);
  auto backup_dirs = BackupDirs::Make(options.backup_dirs, options.store.data_dir);
  if (!backup_dirs.ok()) return backup_dirs.status();
  std::unique_ptr<Server> server(new Server(options, admin_secret, *std::move(backup_dirs)));
  if (absl::Status status = server->OpenLog(options.store); !status.ok()) return status;
  if (absl::Status status = server->LoadConsumers(); !status.ok()) return status;
  if (absl::Status status = server->LoadCertificates(options); !status.ok()) return status;
  if (absl::Status status = server->LoadWebhooks(options); !status.ok()) return status;
  if (absl::Status status = server->LoadRetention(options.retention_interval); !status.ok()) return status;
  server->AddDeletionKeepers();
  if (absl::Status status = server->LoadDialects(options); !status.ok()) return status;
  if (absl::Status status = server->deletion_->Resume(); !status.ok()) return status;
  if (absl::Status status = server->LoadReplays(options); !status.ok()) return status;
  if (absl::Status status = server->ListenGrpc(options.grpc_listen); !status.ok()) return status;
  if (absl::Status status = server->ListenHttp(options); !status.ok()) return status;
  const std::string http_address = server->http_address();
  const absl::string_view scheme = server->certificates_ == nullptr ? "http://" : "https://";
  Log().info("event=ready grpc={} http={} console={} durability={}", server->grpc_address(), http_address,
             http_address.empty() ? "" : absl::StrCat(scheme, http_address, "/"),
             server->log_->durability() == storage::Durability::kDisk ? "disk" : "os");
  return server;
}

Server::Server(const ServerOptions& options, std::optional<SecretHash> admin_secret, BackupDirs backup_dirs)
    : limits_(options.limits),
      backup_dirs_(std::move(backup_dirs)),
      auth_(admin_secret, limits_.refusal_delay),
      executor_(limits_.executor_threads),
      timers_(executor_),
      append_budget_(limits_.append_budget_bytes, executor_),
      append_reply_budget_(limits_.append_reply_budget_bytes, executor_),
      delivery_budget_(limits_.delivery_budget_bytes, executor_),
      http_body_budget_(limits_.http_body_budget_bytes, executor_),
      streams_(limits_.streams_max, timers_),
      stalled_calls_(timers_, limits_.grpc_stall_timeout, metrics_.stalled_calls),
      tail_(limits_.tail_bytes_max, executor_) {}

Server::~Server() {
  Shutdown(limits_.shutdown_timeout);
  grpc_.reset();
  listener_.reset();
  services_.clear();
  if (retention_keeper_ != nullptr) retention_keeper_->Stop();
  if (replays_ != nullptr) replays_->Stop();
  if (deletion_ != nullptr) deletion_->Stop();
  log_.reset();  // Reads that streams have left running end here, and return their memory.
  timers_.Stop();
  executor_.Join();
}

absl::Status Server::OpenLog(const storage::StoreOptions& options) {
  auto log = storage::OpenRocksDbEventLog(options);
  if (!log.ok()) return log.status();
  log_ = *std::move(log);
  log_->SetCommitListener(&tail_);
  audit_ = std::make_unique<Audit>(*log_);
  deletion_ = std::make_unique<InstanceDeletion>(*log_, *audit_, timers_);
  auto keys = KeyStore::Load(*log_, auth_, *audit_);
  if (!keys.ok()) return keys.status();
  keys_ = *std::move(keys);
  auto access_tokens = AccessTokens::Load(log_->records(), auth_);
  if (!access_tokens.ok()) return access_tokens.status();
  access_tokens_ = *std::move(access_tokens);
  auto limits = LimitSettings::Load(log_->records());
  if (!limits.ok()) return limits.status();
  limit_settings_ = *std::move(limits);
  instance_limits_ = std::make_unique<InstanceLimits>(*log_, *limit_settings_);
  if (auth_.open()) Log().warn("event=open: there is no key and no administrator's secret: anybody may do everything");
  return absl::OkStatus();
}

absl::Status Server::LoadConsumers() {
  auto consumers = ConsumerRegistry::Load(MakeCore());
  if (!consumers.ok()) return consumers.status();
  consumers_ = *std::move(consumers);
  auto sessions = SessionStore::Load(MakeCore());
  if (!sessions.ok()) return sessions.status();
  sessions_ = *std::move(sessions);
  return absl::OkStatus();
}

absl::Status Server::LoadCertificates(const ServerOptions& options) {
  credentials_ = grpc::InsecureServerCredentials();
  if (!options.tls.empty()) {
    auto certificates = Certificates::Load(options.tls, {});
    if (!certificates.ok()) return certificates.status();
    certificates_ = *std::move(certificates);
    credentials_ = MakeServerCredentials(*certificates_);
  }
  const ListenGuards guards = {
      .keys = !auth_.open(), .tls = certificates_ != nullptr, .allow_anyone = options.allow_anyone_on_the_network};
  if (absl::Status status = CheckListen(options.grpc_listen, guards); !status.ok()) return status;
  return options.http_listen.empty() ? absl::OkStatus() : CheckListen(options.http_listen, guards);
}

Core Server::MakeCore() {
  return Core{limits_,          *log_,    executor_, tail_, timers_, append_budget_,   append_reply_budget_,
              delivery_budget_, streams_, metrics_,  auth_, *audit_, *instance_limits_};
}

absl::Status Server::LoadWebhooks(const ServerOptions& options) {
  std::string seal_key_file = options.webhook.seal_key_file;
  if (seal_key_file.empty()) seal_key_file = absl::StrCat(absl::StripSuffix(options.store.data_dir, "/"), ".seal");
  auto secrets = webhook::SecretStore::Open(log_->records(), executor_, std::move(seal_key_file));
  if (!secrets.ok()) return secrets.status();
  webhook_secrets_ = *std::move(secrets);
  if (absl::Status status = webhook_secrets_->ready(); !status.ok()) {
    LogWarning("webhooks_not_ready", "", status);
  }
  auto endpoint = webhook::Endpoint::Make(MakeCore(), *webhook_secrets_, options.webhook);
  if (!endpoint.ok()) return endpoint.status();
  webhook_ = *std::move(endpoint);
  webhook_->AddRoutes(router_);
  return absl::OkStatus();
}

absl::Status Server::LoadRetention(absl::Duration interval) {
  auto policies = retention::PolicyStore::Load(*log_);
  if (!policies.ok()) return policies.status();
  retention_policies_ = *std::move(policies);
  const auto settled_by_all = [this](const std::shared_ptr<storage::Instance>& instance,
                                     storage::Callback<std::optional<storage::Cursor>> done) {
    consumers_->OldestNeeded(instance, std::move(done));
  };
  retention_keeper_ =
      std::make_unique<retention::Keeper>(*log_, *retention_policies_, metrics_, interval, settled_by_all);
  return absl::OkStatus();
}

void Server::AddDeletionKeepers() {
  deletion_->AddKeeper([this](const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done) {
    consumers_->OnInstanceDeleted(instance, std::move(done));
  });
  deletion_->AddKeeper([this](const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done) {
    sessions_->OnInstanceDeleted(instance, std::move(done));
  });
  // Limits belong to names and outlive instances: a caller cannot lift its own by deleting the instance. So they have
  // no keeper.
  deletion_->AddKeeper([this](const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done) {
    retention_policies_->ClearOf(instance->name(), instance->number(), std::move(done));
  });
}

absl::Status Server::LoadDialects(const ServerOptions& options) {
  app_secrets_ = std::make_unique<webhook::StoredAppSecrets>(*webhook_secrets_);
  socketio_server_ = std::make_unique<http::socketio::Server>(options.socketio_server, timers_);
  socketio_server_->AddRoutes(router_);
  return MakeDialects(
      {MakeCore(), *consumers_, *sessions_, *app_secrets_, stalled_calls_, router_, *socketio_server_, *deletion_},
      options.dialects, dialects_);
}

absl::Status Server::LoadReplays(const ServerOptions& options) {
  // Callers on this machine reach it anyway. The first key ends this: from then on others may come in by a proxy.
  const bool open_to_this_machine = auth_.open() && CheckListen(options.grpc_listen, {}).ok() &&
                                    (options.http_listen.empty() || CheckListen(options.http_listen, {}).ok());
  std::function<bool()> allows_loopback;
  if (open_to_this_machine) allows_loopback = [this] { return auth_.open(); };
  auto endpoints = replay::EndpointPolicy::Make(options.replay_endpoints, std::move(allows_loopback));
  if (!endpoints.ok()) return endpoints.status();
  auto replays = replay::Registry::Open(MakeCore(), *webhook_secrets_, *consumers_,
                                        {.endpoints = *std::move(endpoints), .ca_file = options.replay_ca_file});
  if (!replays.ok()) return replays.status();
  replays_ = *std::move(replays);
  return absl::OkStatus();
}

absl::Status Server::ListenGrpc(const std::string& grpc_listen) {
  EnableReflectionAndHealth();
  services_.push_back(MakeEventLogService(MakeCore(), *deletion_, stalled_calls_));
  services_.push_back(MakeKeysService(MakeCore(), *keys_));
  services_.push_back(MakeLimitsService(MakeCore(), *limit_settings_));
  services_.push_back(MakeWebhooksService(MakeCore(), *webhook_secrets_));
  services_.push_back(MakeErasuresService(MakeCore()));
  services_.push_back(MakeConsumersService(MakeCore(), *consumers_, stalled_calls_));
  services_.push_back(MakeRetentionService(MakeCore(), *retention_policies_, *retention_keeper_));
  services_.push_back(MakeMaintenanceService(MakeCore(), backup_dirs_));
  services_.push_back(MakeReplaysService(MakeCore(), *replays_));
  grpc::ServerBuilder builder;
  SetChannelArguments(limits_, builder);
  for (const auto& service : services_) builder.RegisterService(service.get());
  for (const auto& dialect : dialects_) {
    for (grpc::Service* const service : dialect->grpc_services()) builder.RegisterService(service);
  }

  auto listener = GrpcListener::Make(grpc_listen, limits_.keepalive_timeout, credentials_, builder);
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr) return absl::FailedPreconditionError(absl::StrCat("gRPC does not serve on ", grpc_listen));
  listener_->Start();
  // gRPC itself reports the server as a whole as serving; this reports its main service, by name.
  grpc_->GetHealthCheckService()->SetServingStatus(v1::EventLog::service_full_name(), true);
  return absl::OkStatus();
}

absl::Status Server::ListenHttp(const ServerOptions& options) {
  auto cors_origins = http::CorsOrigins::Make(options.http_cors_origins);
  if (!cors_origins.ok()) return cors_origins.status();
  if (options.http_listen.empty()) return absl::OkStatus();
  console::AddRoutes(router_);
  http::AddStatusRoutes(router_, MakeCore(), [this] { return consumers_->Figures(); });
  http_api::AddRoutes(router_, {MakeCore(), *deletion_, *access_tokens_, *consumers_});
  http::ListenerOptions listener;
  listener.listen = options.http_listen;
  listener.runs_open = [this] { return auth_.open(); };
  listener.cors_origins = *std::move(cors_origins);
  if (certificates_ != nullptr) listener.tls = [this] { return certificates_->HttpContext(); };
  auto http = http::Listener::Start(std::move(listener), router_, limits_, http_body_budget_, metrics_);
  if (!http.ok()) return http.status();
  http_ = *std::move(http);
  return absl::OkStatus();
}

void Server::FlushBeforeShutdown() {
  const auto flushed = std::make_shared<absl::Notification>();
  log_->Flush([flushed](const absl::Status& status) {
    if (!status.ok()) LogWarning("flush_failed", "", status);
    flushed->Notify();
  });
  flushed->WaitForNotificationWithTimeout(limits_.flush_timeout);
}

void Server::Shutdown(absl::Duration timeout) {
  absl::MutexLock lock(&shutdown_mu_);
  if (shut_down_ || grpc_ == nullptr) return;
  shut_down_ = true;
  const absl::Time deadline = absl::Now() + timeout;
  Log().info("event=stopping streams={}", streams_.size());
  grpc_->GetHealthCheckService()->SetServingStatus(false);
  listener_->Stop();
  // Before their connections end, so that they know the reason.
  for (const auto& dialect : dialects_) dialect->BeginStop();
  socketio_server_->Stop();
  if (http_ != nullptr) http_->BeginStop();
  retention_keeper_->Stop();  // It uses the consumers.
  replays_->Stop();           // Before the consumers, to which some of them send.
  consumers_->BeginStop();
  streams_.CloseAll();
  grpc_->Shutdown(absl::ToChronoTime(deadline));
  grpc_->Wait();
  if (http_ != nullptr) http_->Stop(deadline);
  deletion_->Stop();  // No call can start one any more. It uses the consumers and the sessions.
  consumers_->Stop(deadline);
  sessions_->Stop(deadline);
  Log().info("event=stopped");
}

}  // namespace playhead::broker
