// Asking before what cannot be taken back.
#ifndef PLAYHEAD_TOOLS_CLI_CONFIRM_H_
#define PLAYHEAD_TOOLS_CLI_CONFIRM_H_

#include <string>

#include "absl/status/statusor.h"

namespace playhead::tools {

// Whether to go on: `yes` says so, or who sits at the terminal. Exit code 2 if neither can.
absl::StatusOr<bool> Confirm(bool yes, const std::string& question);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CONFIRM_H_
