#include "broker/late_refusal.h"

#include <chrono>
#include <utility>

namespace playhead::broker {

void RefuseAfter(TimerQueue& timers, absl::Duration delay, absl::AnyInvocable<void()> refuse) {
  if (delay <= absl::ZeroDuration()) return refuse();
  timers.Schedule(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(delay), std::move(refuse));
}

}  // namespace playhead::broker
