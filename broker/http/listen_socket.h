// The socket that a listener accepts from.
#ifndef PLAYHEAD_BROKER_HTTP_LISTEN_SOCKET_H_
#define PLAYHEAD_BROKER_HTTP_LISTEN_SOCKET_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

struct ListenSocket {
  boost::asio::ip::tcp::acceptor acceptor;
  std::string host;     // As given, without brackets; of a socket that was handed in, its address.
  std::string address;  // HOST:PORT, with the port that was taken.
};

// `listen` is HOST:PORT, where HOST is a name or an address (IPv6 in brackets) and port 0 takes a free one; or fd:N for
// a listening TCP socket that was handed in, of which a copy is used: the original stays open. Blocks to look a name
// up.
//   InvalidArgument     it is neither, or fd:N is not a listening TCP socket.
//   FailedPrecondition  the address cannot be listened on: in use, or not of this machine.
absl::StatusOr<ListenSocket> OpenListenSocket(boost::asio::io_context& context, absl::string_view listen);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_LISTEN_SOCKET_H_
