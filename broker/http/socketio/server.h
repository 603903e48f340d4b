// Server: Socket.IO, protocol 5, on one path, for several applications with a namespace each.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "broker/http/engineio/options.h"
#include "broker/http/engineio/server.h"
#include "broker/http/router.h"
#include "broker/http/socketio/socket.h"
#include "broker/timer_queue.h"

namespace playhead::broker::http::socketio {

struct Options {
  engineio::Options engine = {.path = "/socket.io/"};
  // A client that has not joined a namespace by then is disconnected.
  absl::Duration connect_timeout = absl::Seconds(45);
};

// Serves one namespace or several. Thread safety: its methods are called on many strands at once.
class Application {
 public:
  virtual ~Application() = default;

  // A client asks to connect: the application accepts or refuses `socket`, now or later. `auth`: the client's
  // credentials, a JSON object, or empty.
  virtual void OnConnect(std::shared_ptr<Socket> socket, std::string auth) = 0;
};

using Namespaces = absl::flat_hash_map<std::string, Application*>;

// Thread safety and ownership as engineio::Server.
class Server {
 public:
  Server(const Options& options, TimerQueue& timers);

  // Routes connections to `name_space` to `application`, which is borrowed: it must outlive the listener's threads and
  // the timers. Clients of other namespaces get "Invalid namespace". REQUIRES: the name begins with a slash, and was
  // not added before; the router is not in use yet.
  void Add(const std::string& name_space, Application& application);

  const Options& options() const { return options_; }
  void AddRoutes(Router& router) const { engine_.AddRoutes(router); }
  void Stop() { engine_.Stop(); }
  size_t session_count() const { return engine_.session_count(); }

 private:
  const Options options_;
  Namespaces namespaces_;
  engineio::Server engine_;
};

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_SERVER_H_
