// What the thread sanitizer reports about two threads under --config=tsan: it finds a race, and it finds none where
// Abseil hands something over (tools/bazel/tsan). A report ends the program. The first suite expects that; in the
// second it fails the test.
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace playhead::tsan {
namespace {

using ::testing::ExitedWithCode;

constexpr int kReported = 66;  // The sanitizer's exit code.
constexpr absl::Duration kLong = absl::Minutes(1);

// Runs both in threads of their own, of which neither is before the other, however they come to run.
void AtOnce(absl::AnyInvocable<void()> one, absl::AnyInvocable<void()> other) {
  std::thread first(std::move(one));
  std::thread second(std::move(other));
  first.join();
  second.join();
}

// Writes 1 to a value in one thread, then runs `hand_over` there; runs `take` in another, which then reads the value.
void HandOver(absl::AnyInvocable<void()> hand_over, absl::AnyInvocable<void()> take) {
  int value = 0;
  int seen = 0;
  AtOnce(
      [&] {
        value = 1;
        hand_over();
      },
      [&] {
        take();
        seen = value;
      });
  EXPECT_EQ(seen, 1);
}

// A flag under a mutex, and ways to wait for it.
struct Gate {
  absl::Mutex mu;
  absl::CondVar changed;
  bool open = false;

  void Open() {
    absl::MutexLock lock(&mu);
    open = true;
    changed.SignalAll();
  }
};

TEST(RaceDeathTest, WritesWithoutALockAreReported) {
  const auto race = [] {
    int value = 0;
    AtOnce([&] { ++value; }, [&] { ++value; });
    std::exit(value);
  };
  EXPECT_EXIT(race(), ExitedWithCode(kReported), "data race");
}

TEST(RaceDeathTest, WritesUnderDifferentLocksAreReported) {
  const auto race = [] {
    int value = 0;
    const auto write = [&] {
      absl::Mutex mu;
      absl::MutexLock lock(&mu);
      ++value;
    };
    AtOnce(write, write);
    std::exit(0);
  };
  EXPECT_EXIT(race(), ExitedWithCode(kReported), "data race");
}

TEST(RaceDeathTest, WritesUnderASharedLockAreReported) {
  const auto race = [] {
    absl::Mutex mu;
    int value = 0;
    const auto write = [&] {
      absl::ReaderMutexLock lock(&mu);
      ++value;
    };
    AtOnce(write, write);
    std::exit(0);
  };
  EXPECT_EXIT(race(), ExitedWithCode(kReported), "data race");
}

TEST(RaceDeathTest, AReadBeforeTheWaitIsReported) {
  const auto race = [] {
    absl::Notification done;
    int value = 0;
    int seen = 0;
    AtOnce(
        [&] {
          value = 1;
          done.Notify();
        },
        [&] {
          seen = value;
          done.WaitForNotification();
        });
    std::exit(seen);
  };
  EXPECT_EXIT(race(), ExitedWithCode(kReported), "data race");
}

TEST(RaceDeathTest, LocksTakenInBothOrdersAreReported) {
  const auto cycle = [] {
    absl::Mutex one;
    absl::Mutex other;
    {
      absl::MutexLock first(&one);
      absl::MutexLock second(&other);
    }
    {
      absl::MutexLock first(&other);
      absl::MutexLock second(&one);
    }
    std::exit(0);
  };
  EXPECT_EXIT(cycle(), ExitedWithCode(kReported), "lock-order-inversion");
}

TEST(RaceDeathTest, AMutexDestroyedWhileHeldIsReported) {
  const auto misuse = [] {
    {
      absl::Mutex mu;
      mu.Lock();
    }
    std::exit(0);
  };
  EXPECT_EXIT(misuse(), ExitedWithCode(kReported), "destroy of a locked mutex");
}

TEST(HandOverTest, ALockOrdersWhatItGuards) {
  absl::Mutex mu;
  int value = 0;
  const auto write = [&] {
    for (int i = 0; i < 100; ++i) {
      absl::MutexLock lock(&mu);
      ++value;
    }
  };
  AtOnce(write, write);
  EXPECT_EQ(value, 200);
}

TEST(HandOverTest, ALockThatIsTriedOrdersWhatItGuards) {
  absl::Mutex mu;
  int value = 0;
  const auto write = [&] {
    while (!mu.TryLock()) std::this_thread::yield();
    ++value;
    mu.Unlock();
  };
  AtOnce(write, write);
  EXPECT_EQ(value, 2);
}

TEST(HandOverTest, ASharedLockOrdersReadsAndWrites) {
  absl::Mutex mu;
  int value = 0;
  AtOnce(
      [&] {
        absl::MutexLock lock(&mu);
        value = 1;
      },
      [&] {
        absl::ReaderMutexLock lock(&mu);
        EXPECT_LE(value, 1);
      });
}

TEST(HandOverTest, WhoAwaitsAConditionSeesWhatWasDoneBefore) {
  Gate gate;
  HandOver([&] { gate.Open(); },
           [&] {
             absl::MutexLock lock(&gate.mu);
             gate.mu.Await(absl::Condition(&gate.open));
           });
}

TEST(HandOverTest, WhoAwaitsAConditionUnderASharedLockSeesWhatWasDoneBefore) {
  Gate gate;
  HandOver([&] { gate.Open(); },
           [&] {
             absl::ReaderMutexLock lock(&gate.mu);
             EXPECT_TRUE(gate.mu.AwaitWithTimeout(absl::Condition(&gate.open), kLong));
           });
}

TEST(HandOverTest, WhoLocksOnAConditionSeesWhatWasDoneBefore) {
  Gate gate;
  HandOver([&] { gate.Open(); }, [&] { absl::MutexLock lock(&gate.mu, absl::Condition(&gate.open)); });
  HandOver([&] { gate.Open(); },
           [&] {
             EXPECT_TRUE(gate.mu.LockWhenWithTimeout(absl::Condition(&gate.open), kLong));
             gate.mu.Unlock();
           });
}

TEST(HandOverTest, WhoIsSignalledSeesWhatWasDoneBefore) {
  Gate gate;
  HandOver([&] { gate.Open(); },
           [&] {
             absl::MutexLock lock(&gate.mu);
             while (!gate.open) gate.changed.Wait(&gate.mu);
           });
}

TEST(HandOverTest, ALockIsHeldAgainAfterAWaitThatTimedOut) {
  Gate gate;
  int value = 0;
  const auto write = [&] {
    absl::MutexLock lock(&gate.mu);
    EXPECT_TRUE(gate.changed.WaitWithTimeout(&gate.mu, absl::Milliseconds(1)));
    EXPECT_FALSE(gate.mu.AwaitWithTimeout(absl::Condition(&gate.open), absl::Milliseconds(1)));
    ++value;
  };
  AtOnce(write, write);
  EXPECT_EQ(value, 2);
}

TEST(HandOverTest, WhoIsNotifiedSeesWhatWasDoneBefore) {
  absl::Notification waited;
  HandOver([&] { waited.Notify(); }, [&] { waited.WaitForNotification(); });
  absl::Notification waited_for_a_time;
  HandOver([&] { waited_for_a_time.Notify(); },
           [&] { EXPECT_TRUE(waited_for_a_time.WaitForNotificationWithTimeout(kLong)); });
  absl::Notification asked;
  HandOver([&] { asked.Notify(); },
           [&] {
             while (!asked.HasBeenNotified()) std::this_thread::yield();
           });
}

TEST(HandOverTest, WhoWaitsForACounterSeesWhatAllHaveDone) {
  absl::BlockingCounter counter(2);
  int value = 0;
  HandOver(
      [&] {
        value = 1;
        counter.DecrementCount();
      },
      [&] {
        counter.DecrementCount();
        counter.Wait();
        EXPECT_EQ(value, 1);
      });
}

TEST(HandOverTest, TheLastOwnerOfAStatusFreesWhatOthersHaveRead) {
  absl::Status one = absl::InternalError(std::string(100, 'm'));
  absl::Status other = one;
  const auto read = [](absl::Status status) { EXPECT_EQ(status.message(), std::string(100, 'm')); };
  AtOnce([&, status = std::move(one)]() mutable { read(std::move(status)); },
         [&, status = std::move(other)]() mutable { read(std::move(status)); });
}

}  // namespace
}  // namespace playhead::tsan
