// The shared ownership of an absl::Status, as the thread sanitizer must see it; why and how is said in
// absl_synchronization.cc.
#include <sanitizer/tsan_interface.h>

#include <cstdint>

#include "absl/status/status.h"
#include "tools/bazel/tsan/original.h"

namespace absl {
ABSL_NAMESPACE_BEGIN

// Counts one owner less; the last one frees what the others have read. Release and acquire, as the counter's own.
void Status::UnrefNonInlined(uintptr_t rep) {
  static auto* const original = playhead::tsan::Original<void(uintptr_t)>("_ZN4absl7debian36Status15UnrefNonInlinedEm");
  __tsan_release(RepToPointer(rep));
  __tsan_acquire(RepToPointer(rep));
  original(rep);
}

ABSL_NAMESPACE_END
}  // namespace absl
