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
//                     |  +--- Responder::Stream --> [streaming] (streamed_response.h)
//                     +------ Responder::Accept --> becomes a WebSocket (websocket_connection.h)
//
// One request at a time. While a request is being answered, at most one read of what the client sends ahead is taken
// out of the socket, so answers come in order and a client that does not read holds one response. A connection that
// must be closed while the client may still be sending is drained for a moment first; otherwise a reset could cost the
// client the answer. While a body is being streamed, a client that ends its side of the connection is assumed to have
// gone, unless it has sent something ahead: then only a failing write shows it.
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

// Settings that all connections of a listener share.
struct ConnectionSettings {
  const Router& router;
  const Limits& limits;
  ByteBudget& body_budget;
  RequestCounters& counters;
  std::string listen_host;
  std::function<bool()> runs_open;  // Whether Host and Origin must be checked. Called on any thread; quick.
  const CorsOrigins& cors_origins;
};

// Serves `socket`, over TLS if `tls` is set, until the connection ends, by itself or through `thread`, to which it adds
// itself. `closed` runs once, when the socket is closed. REQUIRES: runs on `thread`, to whose context `socket` belongs.
// Ownership: borrows `settings` and `thread`, which must outlive the connection and the Responders that it created.
void StartConnection(const ConnectionSettings& settings, IoThread& thread, boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<boost::asio::ssl::context> tls, absl::AnyInvocable<void()> closed);

// Answers `error` without reading a request, and closes the socket; otherwise as StartConnection. Not for TLS.
void StartRefusal(const ConnectionSettings& settings, IoThread& thread, boost::asio::ip::tcp::socket socket,
                  const absl::Status& error, absl::AnyInvocable<void()> closed);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CONNECTION_H_
