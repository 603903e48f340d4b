// What this build is, as `playhead version` says it.
#ifndef PLAYHEAD_TOOLS_VERSION_H_
#define PLAYHEAD_TOOLS_VERSION_H_

#include <cstdint>

namespace playhead::tools {

inline constexpr char kVersion[] = "0.1.0";

// Of the stores that it writes: storage::kFormatVersion, which only storage sees. tests/cli/version_test.cc compares.
inline constexpr uint32_t kStoreFormat = 1;

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_VERSION_H_
