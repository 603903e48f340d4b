#include "broker/change_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/blocking_counter.h"
#include "proto/errors.h"
#include "storage/executor.h"

namespace playhead::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using StatusCallback = ChangeQueue::Done<absl::Status>;
template <typename T>
using Callback = ChangeQueue::Done<absl::StatusOr<T>>;

constexpr size_t kWaitingMax = 2;

class ChangeQueueTest : public ::testing::Test {
 protected:
  // Adds a change that is in progress until Finish. The log gets `name` when it starts, and `name` and "'" when it is
  // done.
  void AddHeld(const std::string& name) {
    queue_->Add(Noting(name), [this, name](StatusCallback finish) {
      log_.push_back(name);
      EXPECT_TRUE(finish_ == nullptr) << "two changes at once";
      finish_ = std::move(finish);
    });
  }

  // Adds a change that finishes inside its own call.
  void AddQuick(const std::string& name) {
    queue_->Add(Noting(name), [this, name](StatusCallback finish) {
      log_.push_back(name);
      std::move(finish)(absl::OkStatus());
    });
  }

  void Finish(absl::Status status = absl::OkStatus()) {
    StatusCallback finish = std::exchange(finish_, nullptr);
    std::move(finish)(std::move(status));
  }

  StatusCallback Noting(const std::string& name) {
    return [this, name](const absl::Status& status) {
      log_.push_back(name + "'");
      if (HasReason(status, Reason::kAppendQueueFull)) log_.push_back("full");
    };
  }

  // Returns what happened since the last call.
  std::vector<std::string> Log() { return std::exchange(log_, {}); }

  std::vector<std::string> log_;
  StatusCallback finish_;
  std::unique_ptr<ChangeQueue> queue_ = std::make_unique<ChangeQueue>(kWaitingMax, "tests");
};

TEST_F(ChangeQueueTest, RunsEachChangeWhenTheOneBeforeIsDone) {
  AddHeld("a");
  AddHeld("b");
  AddQuick("c");
  EXPECT_THAT(Log(), ElementsAre("a"));
  Finish();
  EXPECT_THAT(Log(), ElementsAre("a'", "b"));
  Finish();
  EXPECT_THAT(Log(), ElementsAre("b'", "c", "c'"));
  AddQuick("d");
  EXPECT_THAT(Log(), ElementsAre("d", "d'"));
}

TEST_F(ChangeQueueTest, AFailedChangeDoesNotStopTheNext) {
  absl::Status result;
  queue_->Add(StatusCallback([&](absl::Status status) { result = std::move(status); }),
              [this](StatusCallback finish) { finish_ = std::move(finish); });
  AddQuick("b");
  Finish(absl::DataLossError("damaged"));
  EXPECT_EQ(result, absl::DataLossError("damaged"));
  EXPECT_THAT(Log(), ElementsAre("b", "b'"));
}

TEST_F(ChangeQueueTest, HandsOverTheResultOfAChange) {
  std::unique_ptr<int> result;
  queue_->Add(
      Callback<std::unique_ptr<int>>([&](absl::StatusOr<std::unique_ptr<int>> answer) { result = *std::move(answer); }),
      [](Callback<std::unique_ptr<int>> finish) { std::move(finish)(std::make_unique<int>(7)); });
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(*result, 7);
}

TEST_F(ChangeQueueTest, RefusesWhenTooManyWait) {
  AddHeld("a");
  AddHeld("b");
  AddQuick("c");
  EXPECT_THAT(Log(), ElementsAre("a"));
  AddQuick("d");
  EXPECT_THAT(Log(), ElementsAre("d'", "full"));
  std::string message;
  queue_->Add(
      Callback<int>([&](const absl::StatusOr<int>& answer) { message = std::string(answer.status().message()); }),
      [](Callback<int>) { ADD_FAILURE() << "it was refused"; });
  EXPECT_EQ(message, "too many changes of tests wait: try again shortly");
  queue_->AddEvenIfFull(Noting("e"), [](StatusCallback finish) { std::move(finish)(absl::OkStatus()); });
  EXPECT_THAT(Log(), IsEmpty());
  Finish();  // Two still wait.
  AddQuick("f");
  EXPECT_THAT(Log(), ElementsAre("a'", "b", "f'", "full"));
  Finish();
  AddQuick("g");
  EXPECT_THAT(Log(), ElementsAre("b'", "c", "c'", "e'", "g", "g'"));
}

TEST_F(ChangeQueueTest, ChangesThatWaitedAndFinishAtOnceDoNotDeepenTheStack) {
  constexpr int kChanges = 100'000;
  AddHeld("a");
  int depth = 0;
  int depth_max = 0;
  int done = 0;
  for (int i = 0; i < kChanges; ++i) {
    queue_->AddEvenIfFull(StatusCallback([&](const absl::Status&) { ++done; }), [&](StatusCallback finish) {
      depth_max = std::max(depth_max, ++depth);
      std::move(finish)(absl::OkStatus());
      --depth;
    });
  }
  EXPECT_EQ(done, 0);
  Finish();
  EXPECT_EQ(done, kChanges);
  EXPECT_EQ(depth_max, 1);
}

TEST_F(ChangeQueueTest, ChangesThatAddTheNextDoNotDeepenTheStack) {
  constexpr int kChanges = 100'000;
  int depth = 0;
  int depth_max = 0;
  int done = 0;
  absl::AnyInvocable<void()> add = [&] {
    queue_->Add(StatusCallback([&](const absl::Status&) {
                  if (++done < kChanges) add();
                }),
                [&](StatusCallback finish) {
                  depth_max = std::max(depth_max, ++depth);
                  std::move(finish)(absl::OkStatus());
                  --depth;
                });
  };
  add();
  EXPECT_EQ(done, kChanges);
  EXPECT_EQ(depth_max, 1);
}

TEST_F(ChangeQueueTest, AChangeAddedFromWithinAChangeRunsAfterItAndAfterThoseThatWait) {
  AddHeld("a");
  queue_->Add(Noting("b"), [this](StatusCallback finish) {
    AddQuick("d");
    log_.push_back("b");
    std::move(finish)(absl::OkStatus());
  });
  AddQuick("c");
  Finish();
  EXPECT_THAT(Log(), ElementsAre("a", "a'", "b", "b'", "c", "c'", "d", "d'"));
}

TEST_F(ChangeQueueTest, HoldsNoLockWhileItCalls) {
  // Uses the queue on another thread during a change, its `done`, and the `done` of a refused change.
  const auto use = [this] {
    std::thread([this] {
      queue_->AddEvenIfFull(StatusCallback([](const absl::Status&) {}),
                            [](StatusCallback finish) { std::move(finish)(absl::OkStatus()); });
    }).join();
  };
  int called = 0;
  queue_->Add(StatusCallback([&](const absl::Status&) {
                ++called;
                use();
              }),
              [&](StatusCallback finish) {
                ++called;
                use();
                std::move(finish)(absl::OkStatus());
              });
  AddHeld("a");
  AddHeld("b");
  AddHeld("c");
  queue_->Add(StatusCallback([&](const absl::Status& status) {
                EXPECT_TRUE(HasReason(status, Reason::kAppendQueueFull));
                ++called;
                use();
              }),
              [](StatusCallback) { ADD_FAILURE() << "it was refused"; });
  EXPECT_EQ(called, 3);
}

TEST_F(ChangeQueueTest, RunsOneAtATimeOnManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kChangesPerThread = 2'000;
  storage::Executor executor(2);
  absl::BlockingCounter done(kThreads * kChangesPerThread);
  int changed = 0;  // Not atomic: the queue orders the changes.
  std::atomic<int> in_progress = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kChangesPerThread; ++i) {
        queue_->AddEvenIfFull(StatusCallback([&](const absl::Status&) { done.DecrementCount(); }),
                              [&, inside = (thread + i) % 2 == 0](StatusCallback finish) {
                                EXPECT_EQ(++in_progress, 1);
                                ++changed;
                                const auto end = [&](StatusCallback callback) {
                                  --in_progress;
                                  std::move(callback)(absl::OkStatus());
                                };
                                if (inside) return end(std::move(finish));
                                executor.Post([end, finish = std::move(finish)]() mutable { end(std::move(finish)); });
                              });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done.Wait();
  executor.Join();
  EXPECT_EQ(changed, kThreads * kChangesPerThread);
}

TEST_F(ChangeQueueTest, DropsThoseThatWaitWhenItIsDestroyed) {
  const auto held = std::make_shared<int>();
  AddHeld("a");
  queue_->Add(StatusCallback([held](const absl::Status&) { ADD_FAILURE() << "it was called"; }),
              [held](StatusCallback) { ADD_FAILURE() << "it ran"; });
  EXPECT_EQ(held.use_count(), 3);
  queue_.reset();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_THAT(Log(), ElementsAre("a"));
}

}  // namespace
}  // namespace playhead::broker
