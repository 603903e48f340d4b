#include "tools/bench/http_load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace playhead::tools {
namespace {

absl::Status Unavailable(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// A connected, non-blocking socket.
absl::StatusOr<int> Connect(const std::string& target) {
  const std::pair<std::string, std::string> host_port = absl::StrSplit(target, absl::MaxSplits(':', 1));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host_port.first.c_str(), host_port.second.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat(target, ": ", gai_strerror(error)));
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Unavailable("socket");
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    const absl::Status status = Unavailable(absl::StrCat("cannot connect to ", target));
    close(fd);
    return status;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// One connection and its request in flight.
class Loop {
 public:
  explicit Loop(int fd) : fd_(fd) {}
  ~Loop() { close(fd_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  int fd() const { return fd_; }

  absl::Status Send(absl::string_view request) {
    sent_at_ = absl::Now();
    answer_.clear();
    // Requests are small compared with the socket's buffer, so this practically never blocks.
    while (!request.empty()) {
      const ssize_t sent = send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) return Unavailable("send");
      if (sent > 0) request.remove_prefix(static_cast<size_t>(sent));
    }
    return absl::OkStatus();
  }

  // Receives what has arrived; true once the response is complete.
  absl::StatusOr<bool> Receive() {
    std::array<char, 16 << 10> buffer;
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got < 0) return Unavailable("recv");
    if (got == 0) return absl::UnavailableError("the broker closed a connection");
    answer_.append(buffer.data(), static_cast<size_t>(got));
    const size_t head_end = answer_.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    size_t body_bytes = 0;
    for (const absl::string_view line : absl::StrSplit(absl::string_view(answer_).substr(0, head_end), "\r\n")) {
      const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, absl::MaxSplits(": ", 1));
      if (absl::EqualsIgnoreCase(field.first, "Content-Length") && !absl::SimpleAtoi(field.second, &body_bytes)) {
        return absl::UnavailableError("an answer's Content-Length is no number");
      }
    }
    return answer_.size() >= head_end + 4 + body_bytes;
  }

  bool succeeded() const { return absl::StartsWith(answer_, "HTTP/1.1 200"); }
  const std::string& answer() const { return answer_; }
  absl::Duration latency() const { return absl::Now() - sent_at_; }

 private:
  const int fd_;
  absl::Time sent_at_;
  std::string answer_;
};

}  // namespace

absl::StatusOr<HttpLoadResult> RunHttpLoad(const std::string& target, uint32_t connections, uint64_t count,
                                           const std::function<absl::string_view(uint64_t)>& request) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  if (poll < 0) return Unavailable("epoll");
  const absl::Cleanup close_poll = [poll] { close(poll); };
  std::vector<std::unique_ptr<Loop>> loops;
  for (uint32_t i = 0; i < connections; ++i) {
    const absl::StatusOr<int> fd = Connect(target);
    if (!fd.ok()) return fd.status();
    loops.push_back(std::make_unique<Loop>(*fd));
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = loops.back().get()}};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, *fd, &event) != 0) return Unavailable("epoll");
  }

  HttpLoadResult result;
  const absl::Time start = absl::Now();
  uint64_t next = 0;
  for (const auto& loop : loops) {
    if (next == count) break;
    if (absl::Status status = loop->Send(request(next++)); !status.ok()) return status;
  }
  std::array<epoll_event, 64> events;
  while (result.answered < count) {
    const int ready = epoll_wait(poll, events.data(), events.size(), -1);
    if (ready < 0 && errno != EINTR) return Unavailable("epoll");
    for (int i = 0; i < ready; ++i) {
      Loop& loop = *static_cast<Loop*>(events[static_cast<size_t>(i)].data.ptr);
      const absl::StatusOr<bool> is_whole = loop.Receive();
      if (!is_whole.ok()) return is_whole.status();
      if (!*is_whole) continue;
      result.latencies.Record(loop.latency());
      ++result.answered;
      if (!loop.succeeded() && result.failed++ == 0) result.first_failure = loop.answer();
      if (next == count) continue;
      if (absl::Status status = loop.Send(request(next++)); !status.ok()) return status;
    }
  }
  result.elapsed = absl::Now() - start;
  return result;
}

}  // namespace playhead::tools
