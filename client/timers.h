// Timers: the clock and the delayed calls of the client. An interface, so that tests of a program that uses the client
// can move time themselves (client/mocks/fake_timers.h).
#ifndef PLAYHEAD_CLIENT_TIMERS_H_
#define PLAYHEAD_CLIENT_TIMERS_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace playhead {

// Thread safety: all methods may be called from any thread, also from a timer's function.
class Timers {
 public:
  using Id = uint64_t;  // Never 0.

  virtual ~Timers() = default;

  virtual absl::Time Now() = 0;

  // Calls `run` once, `delay` from now (at once if not positive), on a thread of the timers and never inside this call.
  // `run` must be quick: other timers wait for it.
  virtual Id RunAfter(absl::Duration delay, absl::AnyInvocable<void()> run) = 0;

  // True if the function will not be called. False if it was called, or is being called: Cancel does not wait for it.
  virtual bool Cancel(Id id) = 0;
};

// The system's clock and one thread of its own, which sleeps until the earliest timer. The destructor drops timers that
// are not due and waits for a function that is running; it must not be called from such a function.
std::unique_ptr<Timers> NewSystemTimers();

// Blocks the caller for `duration`, measured by `timers`.
void SleepOn(Timers& timers, absl::Duration duration);

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_TIMERS_H_
