// Server: Socket.IO, protocol 5, for one application.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/http/engineio/options.h"
#include "broker/http/engineio/server.h"
#include "broker/http/router.h"
#include "broker/http/socketio/socket.h"
#include "broker/timer_queue.h"

namespace playhead::broker::http::socketio {

struct Options {
  engineio::Options engine = {.path = "/socket.io/"};
  // A client that has joined no namespace by then is cut off.
  absl::Duration connect_timeout = absl::Seconds(45);
};

// Thread safety: its methods are called on many strands at once.
class Application {
 public:
  virtual ~Application() = default;

  // Others are told "Invalid namespace".
  virtual bool Serves(absl::string_view name_space) const = 0;

  // A client wants to connect: the application accepts or refuses `socket`, now or later. `auth`: what the client says
  // of itself, a JSON object, or empty.
  virtual void OnConnect(std::shared_ptr<Socket> socket, std::string auth) = 0;
};

// Thread safety and ownership as engineio::Server. Borrows `application`, which must outlive the listener's threads and
// the timers.
class Server {
 public:
  Server(const Options& options, TimerQueue& timers, Application& application);

  void AddRoutes(Router& router) const { engine_.AddRoutes(router); }
  void Stop() { engine_.Stop(); }
  size_t session_count() const { return engine_.session_count(); }

 private:
  engineio::Server engine_;
};

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_
