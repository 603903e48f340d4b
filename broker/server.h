// Server: a broker in one object. It owns everything and knows in which order it starts and stops.
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
#include "broker/dialects/multiwa/endpoint.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/dialects/photon/options.h"
#include "broker/dialects/photon/services.h"
#include "broker/dialects/socketio/options.h"
#include "broker/dialects/socketio/service.h"
#include "broker/dialects/vzaps/options.h"
#include "broker/dialects/vzaps/service.h"
#include "broker/grpc/listener.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/http/listener.h"
#include "broker/http/router.h"
#include "broker/http/socketio/server.h"
#include "broker/instance_deletion.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/photon_app_secrets.h"
#include "broker/quota/instance_limits.h"
#include "broker/quota/limit_settings.h"
#include "broker/replay/registry.h"
#include "broker/retention/keeper.h"
#include "broker/retention/policy_store.h"
#include "broker/sessions/session_store.h"
#include "broker/stream_registry.h"
#include "broker/tail.h"
#include "broker/timer_queue.h"
#include "broker/tls/certificates.h"
#include "broker/webhook/endpoint.h"
#include "broker/webhook/options.h"
#include "broker/webhook/secret_store.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "storage/options.h"

namespace playhead::broker {

struct ServerOptions {
  storage::StoreOptions store;
  // Folders in or below which backups may be written; none: no backups.
  std::vector<std::string> backup_dirs;
  // HOST:PORT, where port 0 takes a free one; or fd:N for a listening socket that was handed in.
  std::string grpc_listen = "127.0.0.1:50051";
  // The same for HTTP, which is not served if this is empty.
  std::string http_listen;
  // Without them connections are in plain text.
  CertificateFiles tls;
  // Listens where others reach it even without keys or TLS (broker/listen_policy.h).
  bool allow_anyone_on_the_network = false;
  // The origins whose pages may use the HTTP API, as broker/http/cors.h has them; none by default.
  std::vector<std::string> http_cors_origins;
  // Served with HTTP.
  webhook::Options webhook;
  // A file with the administrator's secret, as broker/auth/admin_secret.h has it; empty for none.
  std::string admin_secret_file;
  Limits limits;
  photon::Options photon;
  vzaps::Options vzaps;
  http::socketio::Options socketio_server;
  socketio::Options socketio;
  multiwa::Options multiwa;
  // How often instances with a retention policy of their own are looked at.
  absl::Duration retention_interval = absl::Seconds(5);
  // URL prefixes that replays may post to (broker/replay/endpoint.h); and authorities (PEM) beside the system's.
  std::vector<std::string> replay_endpoints;
  std::string replay_ca_file;
};

// Thread safety: Shutdown may be called from any thread; the rest is for the thread that made it.
class Server {
 public:
  // Opens the store, recovers what was acknowledged, and serves. Blocks for as long as that takes.
  //   InvalidArgument     grpc_listen or http_listen is malformed, or a limit out of range; or as LoadAdminSecret,
  //                       BackupDirs::Make, http::CorsOrigins::Make or webhook::LoadVerifyToken.
  //   FailedPrecondition  the address cannot be listened on: in use, not of this machine, or not to be used unguarded.
  //                       Or as OpenRocksDbEventLog, Certificates::Load or LoadAdminSecret.
  //   DataLoss            as OpenRocksDbEventLog.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);

  // Writes out, while everything is served, what the next start would read again otherwise: so that a restart is short.
  // Waits for it, up to Limits::flush_timeout; if it fails nothing is lost.
  void FlushBeforeShutdown();

  // Shuts down, if that has not happened, with Limits::shutdown_timeout.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it serves gRPC, as HOST:PORT.
  const std::string& grpc_address() const { return listener_->address(); }
  // The same of HTTP; empty if it is not served.
  std::string http_address() const { return http_ == nullptr ? "" : http_->address(); }

  // Stops: new calls are refused with SHUTTING_DOWN, accepted appends and HTTP requests are finished and answered,
  // streams end with SHUTTING_DOWN. Calls that have not ended after `timeout` are cancelled. Blocks until all have
  // ended. The second call and later ones do nothing.
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
  absl::Status LoadVZaps(const vzaps::Options& options);
  absl::Status LoadSocketIo(const ServerOptions& options);
  absl::Status LoadCertificates(const ServerOptions& options);
  Core MakeCore();
  // Has everything that keeps data about instances told of deletions, and ends the deletions that a crash interrupted.
  absl::Status ResumeDeletions();
  absl::Status LoadReplays(const ServerOptions& options);
  absl::Status ListenGrpc(const std::string& grpc_listen);
  absl::Status LoadWebhooks(const ServerOptions& options);
  absl::Status LoadRetention(absl::Duration interval);
  absl::Status ListenHttp(const ServerOptions& options);

  const Limits limits_;
  const BackupDirs backup_dirs_;
  Authenticator auth_;

  // Each before what uses it. The destructor takes the upper layers down itself, in the opposite order: the calls,
  // which end every stream and subscription; the log, whose last callbacks find them closed; then the timers and the
  // executor, whose last tasks do too. What is left is plain memory, and threads of HTTP that have ended: answers that
  // came after them went nowhere.
  storage::Executor executor_;
  TimerQueue timers_;
  ByteBudget append_budget_;
  ByteBudget append_reply_budget_;
  ByteBudget delivery_budget_;
  ByteBudget http_body_budget_;
  StreamRegistry streams_;
  Metrics metrics_;
  StalledCalls stalled_calls_;
  Tail tail_;  // Listens to the log.
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<InstanceDeletion> deletion_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<AccessTokens> access_tokens_;
  std::unique_ptr<ConsumerRegistry> consumers_;
  std::unique_ptr<SessionStore> sessions_;
  std::unique_ptr<vzaps::Service> vzaps_;
  std::unique_ptr<socketio::Service> socketio_;
  std::unique_ptr<http::socketio::Server> socketio_server_;
  std::unique_ptr<multiwa::Endpoint> multiwa_;
  std::unique_ptr<LimitSettings> limit_settings_;
  std::unique_ptr<InstanceLimits> instance_limits_;
  std::unique_ptr<retention::PolicyStore> retention_policies_;
  std::unique_ptr<retention::Keeper> retention_keeper_;
  std::unique_ptr<storage::EventLog> log_;  // Its last callbacks use those above.
  std::unique_ptr<webhook::SecretStore> webhook_secrets_;
  std::unique_ptr<webhook::Endpoint> webhook_;
  std::unique_ptr<replay::Registry> replays_;
  std::unique_ptr<PhotonAppSecrets> photon_app_secrets_;
  std::unique_ptr<photon::Services> photon_;
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
