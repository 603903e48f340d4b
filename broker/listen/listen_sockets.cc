#include "broker/listen/listen_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "broker/listen/listen_address.h"

namespace playhead::broker {
namespace {

absl::Status CannotListen(absl::string_view where, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", where, ": ", why));
}

sockaddr_storage BoundTo(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) address.ss_family = AF_UNSPEC;
  return address;
}

// 0 for an address without a port.
uint16_t PortOf(const sockaddr_storage& address) {
  sockaddr_in6 in{};  // The port is at the same offset in both versions.
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return 0;
  std::memcpy(&in, &address, sizeof(in));
  return ntohs(in.sin6_port);
}

// Without brackets; empty for an address that is not IP.
std::string HostOf(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof(in));
    inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof(in));
    inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

int SocketOption(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

sockaddr_storage WithPort(const addrinfo& info, uint16_t port) {
  sockaddr_storage address{};
  std::memcpy(&address, info.ai_addr, info.ai_addrlen);
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof(in));
  in.sin6_port = htons(port);  // Either version, as above.
  std::memcpy(&address, &in, sizeof(in));
  return address;
}

bool IsBoundTo(int fd, const addrinfo& info, uint16_t port) {
  const sockaddr_storage bound = BoundTo(fd);
  const sockaddr_storage address = WithPort(info, port);
  return std::memcmp(&bound, &address, info.ai_addrlen) == 0;
}

// Returns a listening socket, or -1 and `errno`.
int ListenOn(const addrinfo& info, uint16_t port) {
  const sockaddr_storage address = WithPort(info, port);
  const int fd = socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  // Lets a restart ignore old connections in TIME_WAIT; a second broker still fails.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), info.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) {
    return fd;
  }
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<ListenSockets> ListenSockets::Open(const std::string& listen) {
  const auto wanted = ParseListenAddress(listen);
  if (!wanted.ok()) return wanted.status();
  ListenSockets sockets;
  const absl::Status status =
      wanted->fd.has_value() ? sockets.TakeOver(*wanted->fd) : sockets.Bind(wanted->host, wanted->port);
  if (!status.ok()) return status;
  return sockets;
}

void ListenSockets::Close() {
  for (const int fd : fds_) close(fd);
  fds_.clear();
}

absl::Status ListenSockets::TakeOver(int fd) {
  if (SocketOption(fd, SO_TYPE) != SOCK_STREAM || SocketOption(fd, SO_ACCEPTCONN) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("file descriptor ", fd, " is not a listening stream socket"));
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("fcntl of file descriptor ", fd));
  }
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return absl::ErrnoToStatus(errno, absl::StrCat("dup of file descriptor ", fd));
  fds_.push_back(copy);
  const sockaddr_storage bound = BoundTo(fd);
  const bool v6 = bound.ss_family == AF_INET6;
  host_ = HostOf(bound);
  address_ =
      host_.empty() ? absl::StrCat("fd:", fd) : absl::StrCat(v6 ? "[" : "", host_, v6 ? "]:" : ":", PortOf(bound));
  return absl::OkStatus();
}

absl::Status ListenSockets::Bind(const std::string& host, uint16_t port) {
  absl::string_view name = host;
  if (absl::ConsumePrefix(&name, "[") != absl::ConsumeSuffix(&name, "]")) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on \"", host, "\": an address of version 6 stands in brackets"));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(std::string(name).c_str(), nullptr, &hints, &found); error != 0) {
    return CannotListen(host, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  int error = 0;
  uint16_t taken = port;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    const int fd = ListenOn(*info, taken);
    if (fd >= 0) {
      fds_.push_back(fd);
      taken = PortOf(BoundTo(fd));
      continue;
    }
    error = errno;
    // A name may resolve to addresses that this machine does not have (mostly IPv6), and to one address twice. With
    // port 0, the port picked for one address may be in use on another.
    if (error != EADDRINUSE || port == 0) continue;
    const bool is_ours = std::any_of(fds_.begin(), fds_.end(), [&](int own) { return IsBoundTo(own, *info, port); });
    if (!is_ours) return CannotListen(absl::StrCat(host, ":", port), std::strerror(error));
  }
  if (fds_.empty()) return CannotListen(absl::StrCat(host, ":", port), std::strerror(error));
  host_ = std::string(name);
  address_ = absl::StrCat(host, ":", taken);
  return absl::OkStatus();
}

}  // namespace playhead::broker
