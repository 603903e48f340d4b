// Shows the thread sanitizer the reference counting of absl::Status; see absl_synchronization.cc for why and how.
#include <sanitizer/tsan_interface.h>

#include <cstdint>

#include "absl/status/status.h"
#include "tools/bazel/tsan/original.h"

namespace absl {
ABSL_NAMESPACE_BEGIN

// Drops one reference; the last one frees what the others have read. Release and acquire, like the counter itself.
void Status::UnrefNonInlined(uintptr_t rep) {
  static auto* const original = playhead::tsan::Original<void(uintptr_t)>("_ZN4absl7debian36Status15UnrefNonInlinedEm");
  __tsan_release(RepToPointer(rep));
  __tsan_acquire(RepToPointer(rep));
  original(rep);
}

ABSL_NAMESPACE_END
}  // namespace absl
