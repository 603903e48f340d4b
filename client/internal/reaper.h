// Destroys gRPC channels on a thread of their own. Destroying the last channel joins the threads on which gRPC runs
// callbacks (gRPC 1.51, CallbackAlternativeCQ); inside a callback, it would wait for its own thread. A callback may
// hold the last reference to almost anything, so channels, and calls, which hold channels, are always destroyed here.
#ifndef PLAYHEAD_CLIENT_INTERNAL_REAPER_H_
#define PLAYHEAD_CLIENT_INTERNAL_REAPER_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace playhead::internal {

// Calls `destroy` soon, on the process's only reaping thread. Any thread; does not block. What is still queued when the
// process exits is never destroyed.
void Reap(absl::AnyInvocable<void()> destroy);

// A shared object whose destructor runs on the reaping thread.
template <typename T, typename... Args>
std::shared_ptr<T> MakeReaped(Args&&... args) {
  return std::shared_ptr<T>(new T(std::forward<Args>(args)...), [](T* object) { Reap([object] { delete object; }); });
}

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_REAPER_H_
