// Selects the instances that a reader of many instances wants.
#ifndef PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_
#define PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::storage {

// A reader that names at most this many instances reads and merges their own blocks; other readers follow all commits.
inline constexpr size_t kMergedInstancesMax = 64;

// Thread safety: all methods may be called from any thread, also with locks held. They must be quick, and must not take
// a lock that is held during calls to a log or a tail. The answer for a name must never change.
class InstanceSelector {
 public:
  virtual ~InstanceSelector() = default;

  // Called when a reader first meets an instance; the answer is remembered (storage/many_reader.h).
  virtual bool Selects(absl::string_view name) const = 0;

  // The selected names, if the selection is a list of names; otherwise empty.
  virtual absl::Span<const std::string> names() const { return {}; }
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_
