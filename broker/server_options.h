// The options that a broker starts with.
#ifndef PLAYHEAD_BROKER_SERVER_OPTIONS_H_
#define PLAYHEAD_BROKER_SERVER_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "broker/dialects/all.h"
#include "broker/http/socketio/server.h"
#include "broker/limits.h"
#include "broker/tls/certificate_pem.h"
#include "broker/webhook/options.h"
#include "storage/options.h"

namespace playhead::broker {

struct ServerOptions {
  storage::StoreOptions store;
  // Directories in or below which backups may be written; none: no backups.
  std::vector<std::string> backup_dirs;
  // HOST:PORT, where port 0 picks a free one; or fd:N for an inherited listening socket.
  std::string grpc_listen = "127.0.0.1:50051";
  // The same for HTTP; empty: HTTP is not served.
  std::string http_listen;
  // If empty, connections are in plain text.
  CertificateFiles tls;
  // Allows listening where other machines can connect, without keys or TLS (broker/listen/listen_policy.h).
  bool allow_anyone_on_the_network = false;
  // Origins whose pages may use the HTTP API, in the form of broker/http/cors.h; none by default.
  std::vector<std::string> http_cors_origins;
  // Only served with HTTP.
  webhook::Options webhook;
  // A file with the administrator's secret, in the form of broker/auth/admin_secret.h; empty for none.
  std::string admin_secret_file;
  Limits limits;
  http::socketio::Options socketio_server;
  DialectOptions dialects;
  // How often the instances with a retention policy of their own are checked.
  absl::Duration retention_interval = absl::Seconds(5);
  // URL prefixes that replays may post to (broker/replay/endpoint.h); and certificate authorities (PEM) that are
  // trusted in addition to the system's.
  std::vector<std::string> replay_endpoints;
  std::string replay_ca_file;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SERVER_OPTIONS_H_
