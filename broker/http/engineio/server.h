// Server: Engine.IO 4 over HTTP and WebSocket, the transport of Socket.IO.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_SERVER_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "broker/http/engineio/options.h"
#include "broker/http/engineio/session.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/router.h"
#include "broker/timer_queue.h"

namespace playhead::broker::http::engineio {

// Thread safety: Stop and session_count may be called from any thread; AddRoutes before the router is used. Blocking:
// none.   Ownership: borrows `timers`; the router's listener and the timers must be stopped before this is destroyed.
class Server {
 public:
  // Creates the handler of a new session. Called on the session's strand, for many sessions at once.
  using OpenCallback = std::function<std::shared_ptr<SessionHandler>(std::shared_ptr<Session>)>;

  Server(Options options, TimerQueue& timers, OpenCallback open);
  ~Server() { Stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void AddRoutes(Router& router) const;

  // Ends all sessions in the way a lost connection does, and accepts no more.
  void Stop();

  size_t session_count() const { return shared_->table.size(); }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SERVER_H_
