#include "broker/late_refusal.h"

#include <utility>

namespace playhead::broker {

void RefuseAfter(TimerQueue& timers, absl::Duration delay, absl::AnyInvocable<void()> refuse) {
  if (delay <= absl::ZeroDuration()) return refuse();
  timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(delay), std::move(refuse));
}

}  // namespace playhead::broker
