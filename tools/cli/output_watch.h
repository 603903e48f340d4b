// Notices that the reader of stdout is gone, even while there is nothing to write, as in `playhead tail bot | head`.
#ifndef PLAYHEAD_TOOLS_CLI_OUTPUT_WATCH_H_
#define PLAYHEAD_TOOLS_CLI_OUTPUT_WATCH_H_

#include <thread>

#include "absl/functional/any_invocable.h"

namespace playhead::tools {

// Watches stdout while it exists. Calls `closed` at most once, on a thread of its own, when stdout is a pipe or socket
// whose other end was closed. What `closed` uses must outlive this object.
class OutputWatch {
 public:
  explicit OutputWatch(absl::AnyInvocable<void()> closed);
  ~OutputWatch();
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;

 private:
  const int stop_fd_;
  std::thread watcher_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_OUTPUT_WATCH_H_
