// Exit codes, for scripts. `playhead --help` documents them too.
#ifndef PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
#define PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace playhead::tools {

enum class ExitCode {
  kOk = 0,
  kFailed = 1,        // Anything without a code of its own.
  kUsage = 2,         // Flags or arguments that the command does not accept; input that the broker refuses.
  kNotFound = 3,      // An instance, key, consumer or backup does not exist, or no longer.
  kUnavailable = 4,   // All retryable reasons. The same command may succeed later.
  kCursor = 5,        // Cannot resume from that cursor: it was trimmed, or is not of this log.
  kConflict = 6,      // Conflicts with existing state: an identity, a sequence, a consumer of that name, a plan.
  kDataLoss = 7,      // Stored events cannot be read intact.
  kDenied = 8,        // The key is missing, wrong or expired; or it, or the broker's flags, do not allow this.
  kInterrupted = 130  // Ctrl-C before the work was done.
};

// The code for the status with which a command ended.
ExitCode ExitCodeOf(const absl::Status& status);

// Prints `playhead: REASON: message` as one line on stderr, unless `status` is OK, and returns its code.
ExitCode PrintError(const absl::Status& status);

// A status for wrong usage: exit code 2.
absl::Status UsageError(absl::string_view message);

// A status for a failure in this process rather than at the broker: reason FAILED, exit code 1.
absl::Status FailedError(absl::string_view message);

// A status for work that Ctrl-C ended: exit code 130.
absl::Status InterruptedError(absl::string_view message);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
