// Core dumps of the process.
#ifndef PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_
#define PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_

#include "absl/status/status.h"

namespace playhead::tools {

// Prevents core dumps of this process, whose memory holds events and secrets. If core dumps go to a program
// (core_pattern with a pipe), the kernel ignores the limit and starts it: it gets a dump without memory.
absl::Status ForbidCoreDumps();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CORE_DUMPS_H_
