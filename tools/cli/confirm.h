// Confirmation before actions that cannot be undone.
#ifndef PLAYHEAD_TOOLS_CLI_CONFIRM_H_
#define PLAYHEAD_TOOLS_CLI_CONFIRM_H_

#include <string>

#include "absl/status/statusor.h"

namespace playhead::tools {

// Whether to go on: true if `yes`, otherwise the user's answer on the terminal. Exit code 2 without a terminal.
absl::StatusOr<bool> Confirm(bool yes, const std::string& question);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CONFIRM_H_
