// A connection that speaks WebSocket, from the end of its upgrade request on.
#ifndef PLAYHEAD_BROKER_HTTP_WEBSOCKET_CONNECTION_H_
#define PLAYHEAD_BROKER_HTTP_WEBSOCKET_CONNECTION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "broker/http/io_thread.h"
#include "broker/http/request.h"
#include "broker/http/websocket.h"
#include "broker/limits.h"

namespace playhead::broker::http {

// Answers `request` with 101 and serves `handler` from then on, until the connection ends, by itself or through
// `thread`, to which it adds itself. A request that is not a valid handshake (RFC 6455, 4.2.1) is answered with 400.
// `answered` runs once with the status, unless the connection ends before; `closed` runs once, when the socket is
// closed. REQUIRES: runs on `thread`, to whose context `stream` belongs; no bytes after the request were read.
// Ownership: borrows `limits` and `thread`, which must outlive the connection. Shares `tls`, which a stream over TLS
// needs.
void StartWebSocket(const Limits& limits, IoThread& thread, boost::asio::ip::tcp::socket stream,
                    std::shared_ptr<boost::asio::ssl::context> tls, Request request, const WebSocketOptions& options,
                    std::shared_ptr<WebSocketHandler> handler, absl::AnyInvocable<void(int status)> answered,
                    absl::AnyInvocable<void()> closed);
void StartWebSocket(const Limits& limits, IoThread& thread,
                    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream,
                    std::shared_ptr<boost::asio::ssl::context> tls, Request request, const WebSocketOptions& options,
                    std::shared_ptr<WebSocketHandler> handler, absl::AnyInvocable<void(int status)> answered,
                    absl::AnyInvocable<void()> closed);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_WEBSOCKET_CONNECTION_H_
