#include "broker/grpc/listener.h"

#include <grpcpp/security/server_credentials.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/descriptors.h"

namespace playhead::broker {
namespace {

// How long accepting pauses when the process has no file descriptor or memory left for a connection.
constexpr int kRestMs = 100;
// How many connections are accepted from one socket before the other sockets, and a stop, have their turn.
constexpr int kAcceptsPerTurn = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Make(const std::string& listen, absl::Duration peer_timeout,
                                                                 std::shared_ptr<grpc::ServerCredentials> credentials,
                                                                 grpc::ServerBuilder& builder) {
  auto sockets = ListenSockets::Open(listen);
  if (!sockets.ok()) return sockets.status();
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd < 0) return absl::ErrnoToStatus(errno, "eventfd");
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials));
  return std::unique_ptr<GrpcListener>(
      new GrpcListener(*std::move(sockets), peer_timeout, stop_fd, std::move(acceptor)));
}

GrpcListener::GrpcListener(ListenSockets sockets, absl::Duration peer_timeout, int stop_fd,
                           std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor)
    : sockets_(std::move(sockets)),
      peer_timeout_ms_(static_cast<int>(absl::ToInt64Milliseconds(peer_timeout))),
      stop_fd_(stop_fd),
      acceptor_(std::move(acceptor)) {}

GrpcListener::~GrpcListener() {
  Stop();
  close(stop_fd_);
}

void GrpcListener::Start() {
  thread_ = std::thread([this] { Run(); });
}

void GrpcListener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_fd_, 1);
    thread_.join();
  }
  sockets_.Close();
}

void GrpcListener::Run() {
  std::vector<pollfd> fds = {{stop_fd_, POLLIN, 0}};
  for (const int fd : sockets_.fds()) fds.push_back({fd, POLLIN, 0});
  bool rest = false;
  for (;;) {
    const nfds_t count = rest ? 1 : fds.size();
    if (poll(fds.data(), count, rest ? kRestMs : -1) < 0 && errno != EINTR) {
      Log().error("event=accept_failed what=poll errno={}", errno);
      return;
    }
    if (fds[0].revents != 0) return;
    rest = false;
    for (const int fd : sockets_.fds()) rest = !AcceptSome(fd) || rest;
  }
}

bool GrpcListener::AcceptSome(int listen_fd) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int fd = accept4(listen_fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return true;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      Log().warn("event=accept_failed what=grpc errno={}", errno);
      return false;
    }
    if (fd >= storage::ConnectionDescriptorsEnd()) {
      LogRefusal("grpc", MakeError(Reason::kConnectionsLimit, "no file descriptors for more connections"));
      close(fd);
      continue;
    }
    // As gRPC's own listener does. Fails, harmlessly, for sockets other than TCP.
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &peer_timeout_ms_, sizeof(peer_timeout_ms_));
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listen_fd;
    connection.fd = fd;
    acceptor_->HandleNewConnection(&connection);
  }
  return true;
}

}  // namespace playhead::broker
