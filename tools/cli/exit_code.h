// What the process says to scripts when it ends. `playhead --help` documents the same.
#ifndef PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
#define PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace playhead::tools {

enum class ExitCode {
  kOk = 0,
  kFailed = 1,        // Anything that has no code of its own.
  kUsage = 2,         // Flags or arguments that the command does not take; input that the broker refuses.
  kNotFound = 3,      // What was named is not there, or no more: an instance, a key, a consumer, a backup.
  kUnavailable = 4,   // Not now: every reason that is retryable. The same command may succeed later.
  kCursor = 5,        // Cannot resume from that cursor: it was trimmed away, or is not of this log.
  kConflict = 6,      // Clashes with what is there: an identity, a sequence, a consumer of that name, a plan.
  kDataLoss = 7,      // Stored events cannot be read intact.
  kDenied = 8,        // The key is missing, wrong or no longer good; or it, or the broker's flags, do not allow this.
  kInterrupted = 130  // Ctrl-C before the work was done.
};

// The code for the status with which a command ended.
ExitCode ExitCodeOf(const absl::Status& status);

// Prints `playhead: REASON: message` as one line on stderr, unless `status` is OK, and returns its code.
ExitCode PrintError(const absl::Status& status);

// A status for what was typed wrong: exit code 2.
absl::Status UsageError(absl::string_view message);

// A status for what failed here rather than at the broker: reason FAILED, exit code 1.
absl::Status FailedError(absl::string_view message);

// A status for work that Ctrl-C ended: exit code 130.
absl::Status InterruptedError(absl::string_view message);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
