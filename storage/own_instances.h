// The names that are reserved for the broker's own instances, such as its audit log.
#ifndef PLAYHEAD_STORAGE_OWN_INSTANCES_H_
#define PLAYHEAD_STORAGE_OWN_INSTANCES_H_

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace playhead::storage {

// Only the broker itself appends to instances whose names begin with this; neither the bound on instances nor
// restricted creation applies to them.
inline constexpr absl::string_view kOwnInstancesPrefix = "playhead.";

inline bool IsOwnInstance(absl::string_view name) { return absl::StartsWith(name, kOwnInstancesPrefix); }

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_OWN_INSTANCES_H_
