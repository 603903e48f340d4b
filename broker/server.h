// Server: a whole broker. It owns all parts, and starts and stops them in the right order.
#ifndef PLAYHEAD_BROKER_SERVER_H_
#define PLAYHEAD_BROKER_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/audit.h"
#include "broker/auth/access_token.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/key_store.h"
#include "broker/auth/secret.h"
#include "broker/backup_dirs.h"
#include "broker/byte_budget.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/dialects/app_secrets.h"
#include "broker/dialects/served_dialect.h"
#include "broker/grpc/listener.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/http/listener.h"
#include "broker/http/router.h"
#include "broker/http/socketio/server.h"
#include "broker/instance_deletion.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/quota/instance_limits.h"
#include "broker/quota/limit_settings.h"
#include "broker/read/tail.h"
#include "broker/replay/registry.h"
#include "broker/retention/keeper.h"
#include "broker/retention/policy_store.h"
#include "broker/server_options.h"
#include "broker/sessions/session_store.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "broker/tls/certificates.h"
#include "broker/webhook/endpoint.h"
#include "broker/webhook/secret_store.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "storage/options.h"

namespace playhead::broker {

// Thread safety: Shutdown may be called from any thread; the rest is for the thread that created it.
class Server {
 public:
  // Opens the store, recovers what was acknowledged, and serves. Blocks for as long as that takes. Problems that
  // CheckOptions finds are returned before the store is touched.
  //   InvalidArgument     as CheckOptions (broker/option_checks.h).
  //   FailedPrecondition  the address cannot be listened on: in use, not of this machine, or refused by CheckListen.
  //                       Or as OpenRocksDbEventLog or CheckOptions.
  //   DataLoss            as OpenRocksDbEventLog.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);

  // Writes out what the next start would otherwise read again, while serving goes on: makes a restart short. Waits up
  // to Limits::flush_timeout; a failure loses nothing.
  void FlushBeforeShutdown();

  // Shuts down with Limits::shutdown_timeout, unless that has happened.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address of gRPC, as HOST:PORT.
  const std::string& grpc_address() const { return listener_->address(); }
  // The address of HTTP; empty if it is not served.
  std::string http_address() const { return http_ == nullptr ? "" : http_->address(); }

  // Stops: new calls are refused with SHUTTING_DOWN, accepted appends and HTTP requests are finished and answered,
  // streams end with SHUTTING_DOWN. Calls that have not ended after `timeout` are cancelled. Blocks until all have
  // ended. Later calls do nothing.
  void Shutdown(absl::Duration timeout);

  // For tests and tools in the same process.
  storage::EventLog& event_log() { return *log_; }
  const Tail& tail() const { return tail_; }
  const ByteBudget& append_budget() const { return append_budget_; }
  const ByteBudget& append_reply_budget() const { return append_reply_budget_; }
  const ByteBudget& delivery_budget() const { return delivery_budget_; }
  const StreamRegistry& streams() const { return streams_; }
  const Metrics& metrics() const { return metrics_; }
  Authenticator& auth() { return auth_; }

 private:
  Server(const ServerOptions& options, std::optional<SecretHash> admin_secret, BackupDirs backup_dirs);
  absl::Status OpenLog(const storage::StoreOptions& options);
  absl::Status LoadConsumers();
  absl::Status LoadCertificates(const ServerOptions& options);
  Core MakeCore();
  // Registers the parts that keep data about instances with `deletion_`; dialects register their own.
  void AddDeletionKeepers();
  absl::Status LoadDialects(const ServerOptions& options);
  absl::Status LoadReplays(const ServerOptions& options);
  absl::Status ListenGrpc(const std::string& grpc_listen);
  absl::Status LoadWebhooks(const ServerOptions& options);
  absl::Status LoadRetention(absl::Duration interval);
  absl::Status ListenHttp(const ServerOptions& options);

  const Limits limits_;
  const BackupDirs backup_dirs_;
  Authenticator auth_;

  // Each member precedes those that use it. The destructor shuts the upper layers down itself, in reverse order: first
  // the calls, which ends every stream and subscription; then the log, whose last callbacks find them closed; then the
  // timers and the executor, whose last tasks do too. After that only plain memory and HTTP threads that have ended are
  // left; later answers went nowhere.
  storage::Executor executor_;
  TimerQueue timers_;
  ByteBudget append_budget_;
  ByteBudget append_reply_budget_;
  ByteBudget delivery_budget_;
  ByteBudget http_body_budget_;
  StreamRegistry streams_;
  Metrics metrics_;
  StalledCalls stalled_calls_;
  Tail tail_;  // The commit listener of the log.
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<InstanceDeletion> deletion_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<AccessTokens> access_tokens_;
  std::unique_ptr<ConsumerRegistry> consumers_;
  std::unique_ptr<SessionStore> sessions_;
  std::unique_ptr<webhook::SecretStore> webhook_secrets_;
  std::unique_ptr<AppSecrets> app_secrets_;
  std::vector<std::unique_ptr<ServedDialect>> dialects_;
  std::unique_ptr<http::socketio::Server> socketio_server_;  // Its sessions use the dialects.
  std::unique_ptr<LimitSettings> limit_settings_;
  std::unique_ptr<InstanceLimits> instance_limits_;
  std::unique_ptr<retention::PolicyStore> retention_policies_;
  std::unique_ptr<retention::Keeper> retention_keeper_;
  std::unique_ptr<storage::EventLog> log_;  // Its last callbacks use the members above.
  std::unique_ptr<webhook::Endpoint> webhook_;
  std::unique_ptr<replay::Registry> replays_;
  std::unique_ptr<Certificates> certificates_;  // Only with TLS.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::vector<std::unique_ptr<grpc::Service>> services_;  // Of the native API.
  std::unique_ptr<GrpcListener> listener_;
  std::unique_ptr<grpc::Server> grpc_;
  http::Router router_;
  std::unique_ptr<http::Listener> http_;

  absl::Mutex shutdown_mu_;
  bool shut_down_ ABSL_GUARDED_BY(shutdown_mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SERVER_H_
