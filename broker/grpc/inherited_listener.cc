#include "broker/grpc/inherited_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/security/server_credentials.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/log.h"

namespace playhead::broker {
namespace {

// How long accepting rests when the process has no file descriptor or memory left for a connection.
constexpr int kRestMs = 100;

std::string AddressOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return absl::StrCat("fd:", fd);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof(in));
    inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return absl::StrCat(text.data(), ":", ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof(in));
    inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    return absl::StrCat("[", text.data(), "]:", ntohs(in.sin6_port));
  }
  return absl::StrCat("fd:", fd);
}

int SocketOption(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<InheritedListener>> InheritedListener::Make(
    int listen_fd, std::shared_ptr<grpc::ServerCredentials> credentials, grpc::ServerBuilder& builder) {
  if (SocketOption(listen_fd, SO_TYPE) != SOCK_STREAM || SocketOption(listen_fd, SO_ACCEPTCONN) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("file descriptor ", listen_fd, " is not a listening stream socket"));
  }
  const int flags = fcntl(listen_fd, F_GETFL);
  if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("fcntl of file descriptor ", listen_fd));
  }
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd < 0) return absl::ErrnoToStatus(errno, "eventfd");
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials));
  return std::unique_ptr<InheritedListener>(
      new InheritedListener(listen_fd, stop_fd, AddressOf(listen_fd), std::move(acceptor)));
}

InheritedListener::InheritedListener(int listen_fd, int stop_fd, std::string address,
                                     std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor)
    : listen_fd_(listen_fd), stop_fd_(stop_fd), address_(std::move(address)), acceptor_(std::move(acceptor)) {}

InheritedListener::~InheritedListener() {
  Stop();
  close(stop_fd_);
}

void InheritedListener::Start() {
  thread_ = std::thread([this] { Run(); });
}

void InheritedListener::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_fd_, 1);
  thread_.join();
}

void InheritedListener::Run() {
  bool rest = false;
  for (;;) {
    std::array<pollfd, 2> fds = {pollfd{stop_fd_, POLLIN, 0}, pollfd{listen_fd_, POLLIN, 0}};
    const nfds_t count = rest ? 1 : 2;
    if (poll(fds.data(), count, rest ? kRestMs : -1) < 0 && errno != EINTR) {
      Log().error("event=accept_failed what=poll errno={}", errno);
      return;
    }
    if (fds[0].revents != 0) return;
    rest = !AcceptAll();
  }
}

bool InheritedListener::AcceptAll() {
  for (;;) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return true;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      Log().warn("event=accept_failed what=accept errno={}", errno);
      return false;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
               sizeof(on));  // Refused by sockets that are not TCP, which need it not.
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listen_fd_;
    connection.fd = fd;
    acceptor_->HandleNewConnection(&connection);
  }
}

}  // namespace playhead::broker
