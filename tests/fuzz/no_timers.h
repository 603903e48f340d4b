// Timers that never fire, so that only the input causes anything.
#ifndef PLAYHEAD_TESTS_FUZZ_NO_TIMERS_H_
#define PLAYHEAD_TESTS_FUZZ_NO_TIMERS_H_

#include "broker/timer_queue.h"
#include "storage/executor.h"

namespace playhead::fuzz {

inline broker::TimerQueue& NoTimers() {
  static broker::TimerQueue& timers = *[] {
    static auto& executor = *new storage::Executor(1);
    auto* const made = new broker::TimerQueue(executor);
    made->Stop();
    return made;
  }();
  return timers;
}

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_NO_TIMERS_H_
