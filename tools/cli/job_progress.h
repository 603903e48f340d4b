// Shows a long job's progress on one line of stderr, which is overwritten; nothing if stderr is not a terminal.
#ifndef PLAYHEAD_TOOLS_CLI_JOB_PROGRESS_H_
#define PLAYHEAD_TOOLS_CLI_JOB_PROGRESS_H_

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tools/cli/text.h"

namespace playhead::tools {

// Thread safety: all methods may be called from any thread.
class JobProgress {
 public:
  // `done` is the verb: "copied".
  explicit JobProgress(std::string done) : done_(std::move(done)), shown_(isatty(STDERR_FILENO) == 1) {}

  void Set(uint64_t done_bytes, uint64_t total_bytes) ABSL_LOCKS_EXCLUDED(mu_) {
    if (!shown_) return;
    const std::string line = absl::StrCat("\r\x1b[K", ApproximateBytes(static_cast<double>(done_bytes)), " of about ",
                                          ApproximateBytes(static_cast<double>(total_bytes)), " ", done_);
    absl::MutexLock lock(&mu_);
    std::fputs(line.c_str(), stderr);
  }

  // Clears the line. Call before anything else is printed.
  void Clear() ABSL_LOCKS_EXCLUDED(mu_) {
    if (!shown_) return;
    absl::MutexLock lock(&mu_);
    std::fputs("\r\x1b[K", stderr);
  }

 private:
  const std::string done_;
  const bool shown_;
  absl::Mutex mu_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_JOB_PROGRESS_H_
