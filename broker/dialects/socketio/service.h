// The Socket.IO API of the Baileys-based REST servers: path /socket.io/, and namespaces /api/events and / with the same
// behaviour. A socket gets the events of one instance (docs/clients/socketio.md).
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/dialects/served_dialect.h"
#include "broker/dialects/socketio/credentials.h"
#include "broker/dialects/socketio/event_socket.h"
#include "broker/dialects/socketio/left_behind.h"
#include "broker/dialects/socketio/options.h"
#include "broker/http/socketio/server.h"
#include "broker/metrics/metrics.h"
#include "broker/sessions/acked_sessions.h"
#include "broker/sessions/session_store.h"

namespace playhead::broker::socketio {

// Thread safety: BeginStop may be called from any thread; the rest as the server calls it.   Blocking: Make only.
// Ownership: borrows its arguments; must outlive the server's use, the timers and the callbacks of the log.
class Service final : public ServedDialect, public http::socketio::Application {
 public:
  // Loads the sessions, and adds its namespaces to `server`. Blocks on the store. Errors: as AckedSessions::Load.
  static absl::StatusOr<std::unique_ptr<Service>> Make(const Core& core, ConsumerRegistry& consumers,
                                                       SessionStore& sessions, http::socketio::Server& server,
                                                       const Options& options);

  // From now on, the end of a connection does not count as the client's failure.
  void BeginStop() override { stopping_ = true; }

  void OnConnect(std::shared_ptr<http::socketio::Socket> socket, std::string payload) override;

 private:
  using SocketPtr = std::shared_ptr<http::socketio::Socket>;

  Service(const Core& core, ConsumerRegistry& consumers, SessionStore& sessions, const http::socketio::Server& server,
          const Options& options);

  void OpenInstance(SocketPtr socket, ConnectAuth auth, Credentials credentials);
  void Accept(const SocketPtr& socket, const ConnectAuth& auth, Credentials credentials,
              std::shared_ptr<storage::Instance> instance);
  // Deletes the session of `key` and its AckedSession, because its acknowledging client will not return.
  void Forget(const std::string& key);
  // Deletes AckedSessions that no session refers to, which a crash may leave.
  void ForgetUnnamed();
  // Expires left-behind sessions from time to time.
  void ArmExpiry();
  // Replies with CONNECT_ERROR if a retry cannot help; otherwise just ends the connection.
  void Refuse(const SocketPtr& socket, const absl::Status& error) const;

  const Options options_;
  const Metrics::Dialect figures_;
  std::atomic<bool> stopping_ = false;
  const Dialect dialect_;
  AckedSessions acked_;
  LeftBehind left_behind_;
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_
