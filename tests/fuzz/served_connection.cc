#include "tests/fuzz/served_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

// False if the other side takes no more.
bool SendAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// False at the end.
bool ReceiveMore(int fd, std::string& received) {
  std::array<char, 65536> bytes;
  const ssize_t size = recv(fd, bytes.data(), bytes.size(), 0);
  if (size > 0) received.append(bytes.data(), static_cast<size_t>(size));
  return size > 0;
}

}  // namespace

ServedConnections::ServedConnections(const broker::http::Router& router)
    : counters_(router, metrics_.http_requests),
      body_budget_(limits_.http_body_budget_bytes, executor_),
      settings_{router, limits_, body_budget_, counters_, "localhost", [] { return true; }, no_origins_} {}

std::string ServedConnections::Exchange(absl::string_view opening, absl::string_view bytes, size_t piece_bytes) {
  int ends[2];
  // Not of TCP: a closed connection leaves no port behind.
  Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there is a socket");
  absl::Notification closed;
  thread_.Post([this, fd = ends[0], &closed] {
    boost::asio::ip::tcp::socket socket(thread_.context());
    socket.assign(boost::asio::ip::tcp::v4(), fd);
    broker::http::StartConnection(settings_, thread_, std::move(socket), nullptr, [&closed] { closed.Notify(); });
  });
  const int fd = ends[1];
  std::string received;
  bool takes = SendAll(fd, opening);
  while (!opening.empty() && !absl::StrContains(received, "\r\n\r\n") && ReceiveMore(fd, received)) {
  }
  for (; takes && !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    takes = SendAll(fd, bytes.substr(0, piece_bytes));
  }
  shutdown(fd, SHUT_WR);
  while (ReceiveMore(fd, received)) {
  }
  closed.WaitForNotification();
  close(fd);
  return received;
}

}  // namespace playhead::fuzz
