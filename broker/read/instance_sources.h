// The instances that a reader of many asks for, checked against what that reader may read.
#ifndef PLAYHEAD_BROKER_READ_INSTANCE_SOURCES_H_
#define PLAYHEAD_BROKER_READ_INSTANCE_SOURCES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "storage/event_filter.h"
#include "storage/instance_selector.h"

namespace playhead::broker {

inline constexpr size_t kSourceNamesMax = 1000;

// The request: exactly one of these is set.
struct InstanceSources {
  std::vector<std::string> names;  // These.
  std::string prefix;              // All whose names start with this.
  bool all = false;                // All that the caller's key covers, except the broker's own.
};

// Returns the selector of `sources` for `caller`, who may then read everything it selects, including instances that are
// created later. `filter`, which may be nullptr, matters as for a reader of one instance (broker/grpc/read_request.h).
// The broker's own instances (`playhead.*`) are selected only by name, or by a prefix of their own.
//   InvalidArgument   SOURCES_INVALID: none, more than one kind, or too many names; INSTANCE_NAME_INVALID.
//   PermissionDenied  a name, or some name with the prefix, is not covered by the caller's key; for `all`, the key
//                     covers nothing that it may read.
//   Unauthenticated   as Caller::CheckGood.
absl::StatusOr<std::shared_ptr<const storage::InstanceSelector>> MakeInstanceSelector(
    InstanceSources sources, const std::shared_ptr<const Caller>& caller, const storage::EventFilter* filter);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_INSTANCE_SOURCES_H_
