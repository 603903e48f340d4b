// Which instances a reader over many wants.
#ifndef PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_
#define PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::storage {

// A reader who names at most this many instances reads their own blocks, merged; others follow all commits.
inline constexpr size_t kMergedInstancesMax = 64;

// Thread safety: all methods may be called from any thread, under locks too: they must be quick and take none that is
// held while a log or a tail is asked. The answer for a name must never change.
class InstanceSelector {
 public:
  virtual ~InstanceSelector() = default;

  // Asked when a reader meets an instance, and remembered (storage/many_reader.h).
  virtual bool Selects(absl::string_view name) const = 0;

  // All that it selects, where that is a list of names; empty where it is anything else.
  virtual absl::Span<const std::string> names() const { return {}; }
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCE_SELECTOR_H_
