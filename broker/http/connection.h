// One connection over HTTP/1.1, from its first byte to its end.
//
//     [handshake]          only with TLS
//         |
//     [idle] <-------------------------------------- response written, stays open
//         | first byte                                          ^
//     [header] --- no route, bad caller, too large, ... ---+    |
//         | route found                                    |    |
//     [budget]             only for long bodies            |    |
//         |                                                v    |
//     [body] ---> [handling] --- Responder::Send ---> [writing] |---> [draining] ---> closed
//                     |  |                               ^
//                     |  +--- Responder::Stream --> [streaming]
//                     +------ Responder::Accept --> a WebSocket's from here on (websocket_connection.h)
//
// One request at a time: of what a client sends ahead no more than one read is taken out of the socket until the one
// before is answered, so answers come in order and a client that does not read holds one response. A connection that is
// to be closed while the client may still be sending is drained for a moment first, or the client would lose the answer
// to a reset. While a body is being streamed a client that ends its side of the connection is taken to have gone,
// unless it has sent something ahead: then that is seen with the next write that fails.
#ifndef PLAYHEAD_BROKER_HTTP_CONNECTION_H_
#define PLAYHEAD_BROKER_HTTP_CONNECTION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "broker/byte_budget.h"
#include "broker/http/cors.h"
#include "broker/http/io_thread.h"
#include "broker/http/request_counters.h"
#include "broker/http/router.h"
#include "broker/limits.h"

namespace playhead::broker::http {

// What all connections of a listener share.
struct ConnectionSettings {
  const Router& router;
  const Limits& limits;
  ByteBudget& body_budget;
  RequestCounters& counters;
  std::string listen_host;
  std::function<bool()> runs_open;  // Whether Host and Origin must be checked. From any thread, quick.
  const CorsOrigins& cors_origins;
};

// Begins to serve `socket`, over TLS if there is a `tls`, until it ends or is ended through `thread`, to which it adds
// itself. `closed` runs once, when the socket is closed. REQUIRES: runs on `thread`, on which `socket` is.
// Ownership: borrows `settings` and `thread`, which must outlive it and the Responders that it gave out.
void StartConnection(const ConnectionSettings& settings, IoThread& thread, boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<boost::asio::ssl::context> tls, absl::AnyInvocable<void()> closed);

// Answers `error` to whatever may come on `socket`, and closes it; otherwise as StartConnection. Not for TLS.
void StartRefusal(const ConnectionSettings& settings, IoThread& thread, boost::asio::ip::tcp::socket socket,
                  const absl::Status& error, absl::AnyInvocable<void()> closed);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CONNECTION_H_
