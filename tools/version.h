// The version of this build, for `playhead version`.
#ifndef PLAYHEAD_TOOLS_VERSION_H_
#define PLAYHEAD_TOOLS_VERSION_H_

#include <cstdint>

namespace playhead::tools {

inline constexpr char kVersion[] = "0.1.0";

// The format of the stores that it writes: equal to storage::kFormatVersion, which is private to storage
// (tests/cli/version_test.cc compares them).
inline constexpr uint32_t kStoreFormat = 1;

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_VERSION_H_
