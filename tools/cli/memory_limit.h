// How much memory the process must be allowed to map.
#ifndef PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_
#define PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_

#include <cstdint>

#include "absl/status/status.h"

namespace playhead::tools {

// What a broker maps, whatever it uses of that: the stacks of its threads and the libraries' arenas, above all.
inline constexpr uint64_t kAddressSpaceWanted = uint64_t{2} << 30;

// FailedPrecondition if the process may map less than that (RLIMIT_AS): it would be ended by a signal sooner or later.
absl::Status CheckAddressSpace();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_MEMORY_LIMIT_H_
