// The lines of the process's log, for tests that wait for one.
#ifndef PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_
#define PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::testing {

// Collects the lines that are logged during its lifetime. Create it before, and destroy it after, all threads that log.
// Thread safety: Await and Count may be called from any thread.
class LogLines {
 public:
  LogLines();
  ~LogLines();
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  // Blocks until `lines` lines contain `text`.
  void Await(absl::string_view text, int lines = 1);
  // How many lines contain `text` so far.
  int Count(absl::string_view text) const;

 private:
  class Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_LOG_LINES_H_
