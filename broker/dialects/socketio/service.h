// The Socket.IO API of the Baileys-based REST servers: path /socket.io/, namespaces /api/events and / alike, whose
// sockets are sent the events of one instance (docs/clients/socketio.md).
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/dialects/socketio/credentials.h"
#include "broker/dialects/socketio/event_socket.h"
#include "broker/dialects/socketio/left_behind.h"
#include "broker/dialects/socketio/options.h"
#include "broker/http/socketio/server.h"
#include "broker/sessions/acked_sessions.h"
#include "broker/sessions/session_store.h"

namespace playhead::broker::socketio {

// Thread safety: BeginStop may be called from any thread; the rest as the server calls it.   Blocking: Make only.
// Ownership: borrows what it is given; must outlive the server's use, the timers and the callbacks of the log.
class Service final : public http::socketio::Application {
 public:
  // Takes up the sessions, and its namespaces of `server`. Waits for the store. As AckedSessions::Load.
  static absl::StatusOr<std::unique_ptr<Service>> Make(const Core& core, ConsumerRegistry& consumers,
                                                       SessionStore& sessions, http::socketio::Server& server,
                                                       const Options& options);

  // The server is about to be stopped: connections that end from now on are not for their clients to be blamed.
  void BeginStop() { stopping_ = true; }

  void OnConnect(std::shared_ptr<http::socketio::Socket> socket, std::string payload) override;

 private:
  using SocketPtr = std::shared_ptr<http::socketio::Socket>;

  Service(const Core& core, ConsumerRegistry& consumers, SessionStore& sessions, const http::socketio::Server& server,
          const Options& options);

  void OpenInstance(SocketPtr socket, ConnectAuth auth, Credentials credentials);
  void Accept(const SocketPtr& socket, const ConnectAuth& auth, Credentials credentials,
              std::shared_ptr<storage::Instance> instance);
  // The client of the session of `key`, which acknowledged, will not come back.
  void Forget(const std::string& key);
  // What a crash left of such clients: acknowledged sessions without a session that names them.
  void ForgetUnnamed();
  // From time to time lets go of sessions that nobody came back to.
  void ArmExpiry();
  // Answers with CONNECT_ERROR what will be no better the next time, and ends the connection otherwise.
  void Refuse(const SocketPtr& socket, const absl::Status& error) const;

  const Options options_;
  std::atomic<bool> stopping_ = false;
  const Dialect dialect_;
  AckedSessions acked_;
  LeftBehind left_behind_;
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_SERVICE_H_
