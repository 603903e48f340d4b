#include "tools/cli/output_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace playhead::tools {

OutputWatch::OutputWatch(absl::AnyInvocable<void()> closed) : stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  watcher_ = std::thread([this, closed = std::move(closed)]() mutable {
    while (true) {
      // Without requested events, poll reports only errors and hang-ups.
      pollfd fds[] = {{STDOUT_FILENO, 0, 0}, {stop_fd_, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno == EINTR) continue;
      if (fds[1].revents == 0 && fds[0].revents != 0) closed();
      return;
    }
  });
}

OutputWatch::~OutputWatch() {
  const uint64_t one = 1;
  while (write(stop_fd_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  watcher_.join();
  close(stop_fd_);
}

}  // namespace playhead::tools
