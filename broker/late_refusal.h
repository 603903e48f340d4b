// Delayed refusals, which make guessing secrets slow (broker/auth/authenticator.h).
#ifndef PLAYHEAD_BROKER_LATE_REFUSAL_H_
#define PLAYHEAD_BROKER_LATE_REFUSAL_H_

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "broker/timer_queue.h"

namespace playhead::broker {

// Calls `refuse` once: inside the call if `delay` is zero, as it usually is; otherwise after `delay`, as a task of
// `timers`, or never if `timers` stop first.
void RefuseAfter(TimerQueue& timers, absl::Duration delay, absl::AnyInvocable<void()> refuse);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LATE_REFUSAL_H_
