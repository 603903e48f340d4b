// What the process's log said, for tests that wait for a line of it.
#ifndef PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_
#define PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::testing {

// Collects lines from its making to its end. Make it before anything that logs runs beside it, and end it after.
// Thread safety: Await and Count may be called from any thread.
class LogLines {
 public:
  LogLines();
  ~LogLines();
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  // Blocks until a line has `text` in it.
  void Await(absl::string_view text);
  // How many lines had it so far.
  int Count(absl::string_view text) const;

 private:
  class Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_
