// Gateway: admits clients to MultiWA's Socket.IO namespace /ws.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/http/socketio/server.h"
#include "broker/http/socketio/socket.h"

namespace playhead::broker::multiwa {

// Thread safety: any thread.   Ownership: borrows what `dialect` refers to; must outlive the server's use and the
// timers.
class Gateway final : public http::socketio::Application {
 public:
  explicit Gateway(const Dialect& dialect) : dialect_(dialect) {}

  void OnConnect(std::shared_ptr<http::socketio::Socket> socket, std::string auth) override;

 private:
  using SocketPtr = std::shared_ptr<http::socketio::Socket>;

  void Accept(const SocketPtr& socket, std::shared_ptr<Caller> caller, absl::string_view secret) const;

  const Dialect dialect_;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_H_
