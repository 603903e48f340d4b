#include "tools/cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <utility>

#include "absl/time/clock.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

int MakeSignalFd() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

void Raise(int event_fd) {
  const uint64_t one = 1;
  while (write(event_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

}  // namespace

Interrupt::Interrupt()
    : signal_fd_(MakeSignalFd()), event_fd_(eventfd(0, EFD_CLOEXEC)), stop_fd_(eventfd(0, EFD_CLOEXEC)) {}

Interrupt::~Interrupt() {
  if (listener_.joinable()) {
    Raise(stop_fd_);
    listener_.join();
  }
  close(signal_fd_);
  close(event_fd_);
  close(stop_fd_);
}

void Interrupt::OnInterrupt(absl::AnyInvocable<void()> react) {
  listener_ = std::thread([this, react = std::move(react)]() mutable { Listen(std::move(react)); });
}

void Interrupt::Listen(absl::AnyInvocable<void()> react) {
  std::thread reaction;
  while (true) {
    pollfd fds[] = {{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) break;
    signalfd_siginfo signal;
    if (read(signal_fd_, &signal, sizeof(signal)) != static_cast<ssize_t>(sizeof(signal))) continue;
    if (interrupted_.exchange(true)) _exit(static_cast<int>(ExitCode::kInterrupted));
    Raise(event_fd_);
    // Keeps listening while `react` runs, so that a second signal can end a hanging process.
    reaction = std::thread(std::move(react));
  }
  if (reaction.joinable()) reaction.join();
}

bool Interrupt::WaitUntil(absl::Time deadline) const {
  while (!interrupted()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    // ppoll, because --rate needs a finer timeout than poll's milliseconds.
    const timespec timeout = absl::ToTimespec(std::min(left, absl::Hours(1)));
    pollfd fds[] = {{event_fd_, POLLIN, 0}};
    ppoll(fds, 1, &timeout, nullptr);
  }
  return true;
}

}  // namespace playhead::tools
