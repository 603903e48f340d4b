// Turns Ctrl-C and SIGTERM into an event that a program can wait for and react to.
#ifndef PLAYHEAD_TOOLS_CLI_INTERRUPT_H_
#define PLAYHEAD_TOOLS_CLI_INTERRUPT_H_

#include <atomic>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace playhead::tools {

// Create it before any other thread starts: it blocks the two signals in the calling thread, and later threads inherit
// that. While it exists, the first signal calls the function given to OnInterrupt (at once, if the signal came before)
// on a thread of its own and makes fd() readable; a second one ends the process with exit code 130. It also ignores
// SIGPIPE, so that writing to a closed pipe is an error. Thread safety: all methods may be called from any thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Starts listening. Call at most once; what `react` uses must outlive this object.
  void OnInterrupt(absl::AnyInvocable<void()> react);

  bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

  // Blocks until the first signal or until `deadline`; true if there was one. REQUIRES: OnInterrupt was called.
  bool WaitUntil(absl::Time deadline) const;

  // Readable once interrupted: for poll().
  int fd() const { return event_fd_; }

 private:
  void Listen(absl::AnyInvocable<void()> react);

  const int signal_fd_;
  const int event_fd_;
  const int stop_fd_;
  std::atomic<bool> interrupted_{false};
  std::thread listener_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_INTERRUPT_H_
