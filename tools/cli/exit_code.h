// What the process says to scripts when it ends. `playhead --help` documents the same.
#ifndef PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
#define PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace playhead::tools {

enum class ExitCode {
  kOk = 0,
  kFailed = 1,        // Anything that has no code of its own.
  kUsage = 2,         // Flags or arguments that the command does not take; input that the broker refuses.
  kNotFound = 3,      // No such instance, or it was deleted; no such key.
  kUnavailable = 4,   // The broker cannot be reached or is busy: the same command may succeed later.
  kCursor = 5,        // Cannot resume from that cursor: it was trimmed away, or is not of this log.
  kConflict = 6,      // An append clashes with what is stored: an identity, a sequence or the expected head.
  kDataLoss = 7,      // Stored events cannot be read intact.
  kDenied = 8,        // The key is missing, wrong or no longer good, or does not allow this.
  kInterrupted = 130  // Ctrl-C before the work was done.
};

// The code for the status with which a command ended.
ExitCode ExitCodeOf(const absl::Status& status);

// Prints `playhead: REASON: message` as one line on stderr, unless `status` is OK, and returns its code.
ExitCode PrintError(const absl::Status& status);

// A status for what was typed wrong: exit code 2.
absl::Status UsageError(absl::string_view message);

// A status for work that Ctrl-C ended: exit code 130.
absl::Status InterruptedError(absl::string_view message);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_EXIT_CODE_H_
