// Server: Engine.IO 4 over HTTP and WebSocket; the ground on which Socket.IO stands.
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

// Thread safety: Stop and session_count may be called from any thread; AddRoutes before the router is used.
// Blocking: none.   Ownership: borrows `timers`; the router's listener must be stopped, and the timers, before it goes.
class Server {
 public:
  // `open` makes the handler of a session that has opened; on the session's strand, of many sessions at once.
  using OpenCallback = std::function<std::shared_ptr<SessionHandler>(std::shared_ptr<Session>)>;

  Server(Options options, TimerQueue& timers, OpenCallback open);
  ~Server() { Stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void AddRoutes(Router& router) const;

  // Ends all sessions as lost connections end, and takes no more.
  void Stop();

  size_t session_count() const { return shared_->table.size(); }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SERVER_H_
