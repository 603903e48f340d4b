#include "broker/http/listen_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/listen_address.h"

namespace playhead::broker::http {
namespace {

using boost::asio::ip::tcp;

absl::Status CannotListen(absl::string_view listen, const boost::system::error_code& error) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", listen, ": ", error.message()));
}

int SocketOption(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

absl::StatusOr<ListenSocket> TakeOver(boost::asio::io_context& context, int fd) {
  const int family = SocketOption(fd, SO_DOMAIN);
  if (SocketOption(fd, SO_TYPE) != SOCK_STREAM || SocketOption(fd, SO_ACCEPTCONN) != 1 ||
      (family != AF_INET && family != AF_INET6)) {
    return absl::InvalidArgumentError(absl::StrCat("file descriptor ", fd, " is not a listening TCP socket"));
  }
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return absl::ErrnoToStatus(errno, absl::StrCat("dup of file descriptor ", fd));
  tcp::acceptor acceptor(context);
  boost::system::error_code error;
  acceptor.assign(family == AF_INET ? tcp::v4() : tcp::v6(), copy, error);
  if (error) {
    close(copy);
    return CannotListen(absl::StrCat("fd:", fd), error);
  }
  const tcp::endpoint endpoint = acceptor.local_endpoint(error);
  if (error) return CannotListen(absl::StrCat("fd:", fd), error);
  const std::string host = endpoint.address().to_string();
  const bool v6 = endpoint.address().is_v6();
  return ListenSocket{std::move(acceptor), host, absl::StrCat(v6 ? "[" : "", host, v6 ? "]:" : ":", endpoint.port())};
}

}  // namespace

absl::StatusOr<ListenSocket> OpenListenSocket(boost::asio::io_context& context, absl::string_view listen) {
  const auto wanted = ParseListenAddress(std::string(listen));
  if (!wanted.ok()) return wanted.status();
  if (wanted->fd) return TakeOver(context, *wanted->fd);
  absl::string_view host = wanted->host;
  if (absl::ConsumePrefix(&host, "[") != absl::ConsumeSuffix(&host, "]")) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on \"", listen, "\": an address of version 6 stands in brackets"));
  }

  boost::system::error_code error;
  const auto found = tcp::resolver(context).resolve(std::string(host), absl::StrCat(wanted->port),
                                                    tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return CannotListen(listen, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);  // A restart need not wait for old ends.
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return CannotListen(listen, error);
  const uint16_t taken = acceptor.local_endpoint(error).port();
  if (error) return CannotListen(listen, error);
  return ListenSocket{std::move(acceptor), std::string(host), absl::StrCat(wanted->host, ":", taken)};
}

}  // namespace playhead::broker::http
