#include "broker/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <vector>

#include "storage/executor.h"

namespace playhead::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;

TEST(TimerQueueTest, RunsTasksInTheOrderOfTheirDeadlinesAndNotBefore) {
  for (bool in_time = false; !in_time;) {  // Until all were scheduled before the first was due.
    std::vector<int> order;
    std::promise<void> done;
    storage::Executor executor(1);
    TimerQueue timers(executor);
    const SteadyTime now = steady_clock::now();
    const auto schedule = [&](int number) {
      const SteadyTime deadline = now + milliseconds(100 * number);
      timers.Schedule(deadline, [&order, &done, number, deadline] {
        EXPECT_GE(steady_clock::now(), deadline);
        order.push_back(number);
        if (order.size() == 3) done.set_value();
      });
    };
    schedule(3);
    schedule(1);
    schedule(2);
    in_time = steady_clock::now() < now + milliseconds(100);
    done.get_future().wait();
    if (in_time) {
      EXPECT_THAT(order, ElementsAre(1, 2, 3));
    }
  }
}

TEST(TimerQueueTest, CancelledTasksDoNotRun) {
  storage::Executor executor(1);
  TimerQueue timers(executor);
  std::atomic<bool> ran = false;
  const SteadyTime now = steady_clock::now();
  const TimerQueue::Id id = timers.Schedule(now + milliseconds(5), [&] { ran = true; });
  const bool cancelled = timers.Cancel(id);
  std::promise<void> done;
  timers.Schedule(now + milliseconds(10), [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_NE(cancelled, ran.load());
  EXPECT_FALSE(timers.Cancel(id));
}

TEST(TimerQueueTest, CancelOfWhatHasRunSaysSo) {
  storage::Executor executor(1);
  TimerQueue timers(executor);
  std::promise<void> done;
  const TimerQueue::Id id = timers.Schedule(steady_clock::now(), [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_FALSE(timers.Cancel(id));
  EXPECT_FALSE(timers.Cancel(TimerQueue::Id()));
}

TEST(TimerQueueTest, TasksMayScheduleAndCancel) {
  storage::Executor executor(2);
  TimerQueue timers(executor);
  std::promise<void> done;
  timers.Schedule(steady_clock::now(), [&] {
    const TimerQueue::Id id = timers.Schedule(steady_clock::now() + std::chrono::hours(1), [] {});
    EXPECT_TRUE(timers.Cancel(id));
    timers.Schedule(steady_clock::now(), [&] { done.set_value(); });
  });
  done.get_future().wait();
}

TEST(TimerQueueTest, ManyTimersAllRun) {
  constexpr int kTimers = 100'000;
  storage::Executor executor(2);
  TimerQueue timers(executor);
  std::atomic<int> ran = 0;
  std::promise<void> done;
  const SteadyTime now = steady_clock::now();
  for (int i = 0; i < kTimers; ++i) {
    timers.Schedule(now + std::chrono::microseconds((i * 7919) % 100'000), [&] {
      if (++ran == kTimers) done.set_value();
    });
  }
  done.get_future().wait();
  EXPECT_EQ(timers.size(), 0u);
}

TEST(TimerQueueTest, StopDropsWhatIsLeft) {
  storage::Executor executor(1);
  bool ran = false;
  TimerQueue timers(executor);
  timers.Schedule(steady_clock::now() + std::chrono::hours(1), [&] { ran = true; });
  timers.Stop();
  EXPECT_EQ(timers.size(), 0u);
  timers.Schedule(steady_clock::now(), [&] { ran = true; });
  executor.Join();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace playhead::broker
