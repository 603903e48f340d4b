// Where the last references to gRPC's channels are dropped. The last channel that goes takes the threads along on which
// gRPC runs callbacks, and joins them (gRPC 1.51, CallbackAlternativeCQ): dropped inside a callback, it would wait for
// the very thread that it is on. Callbacks may hold the last reference to nearly everything, so channels, and calls,
// which hold channels, are always destroyed on a thread of their own.
#ifndef PLAYHEAD_CLIENT_INTERNAL_REAPER_H_
#define PLAYHEAD_CLIENT_INTERNAL_REAPER_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace playhead::internal {

// Calls `destroy` on the process's one reaping thread, soon. Any thread; does not block. At the end of the process what
// is left is not destroyed any more.
void Reap(absl::AnyInvocable<void()> destroy);

// A shared object whose destructor runs on the reaping thread.
template <typename T, typename... Args>
std::shared_ptr<T> MakeReaped(Args&&... args) {
  return std::shared_ptr<T>(new T(std::forward<Args>(args)...), [](T* object) { Reap([object] { delete object; }); });
}

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_REAPER_H_
