// Core dumps of the process.
#ifndef PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_
#define PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_

#include "absl/status/status.h"

namespace playhead::tools {

// A crash of the process writes none from now on: what is in memory are events and secrets. Where a program takes core
// dumps (core_pattern with a pipe), the kernel leaves it to that program to go by this, as systemd-coredump does.
absl::Status ForbidCoreDumps();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_
