// The address space that a broker needs.
#ifndef PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_
#define PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_

#include <cstdint>

#include "absl/status/status.h"

namespace playhead::tools {

// What a broker maps, used or not: mostly the stacks of its threads and the libraries' arenas.
inline constexpr uint64_t kAddressSpaceWanted = uint64_t{2} << 30;

// FailedPrecondition if the process may map less than that (RLIMIT_AS): a signal would sooner or later end it.
absl::Status CheckAddressSpace();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_
