// A commit whose write failed. If it is on disk all the same, its effects are announced and carried out as if it had
// been acknowledged. If it is not, nothing that depended on it counts.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "proto/errors.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::FilesWith;
using playhead::testing::Secret;

constexpr auto kSync = FaultFileSystem::Operation::kSync;
constexpr auto kWrite = FaultFileSystem::Operation::kWrite;

class Follower final : public CommitListener {
 public:
  void OnCommit(absl::Span<const PublishedBlock>) override {}
  void OnDelete(const std::shared_ptr<Instance>& instance) override {
    absl::MutexLock lock(&mu_);
    deleted_ = instance;
  }
  void OnErase(InstanceNumber) override {
    absl::MutexLock lock(&mu_);
    erased_ = true;
  }

  std::shared_ptr<Instance> AwaitDeleted() {
    absl::MutexLock lock(&mu_);
    const auto told = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return deleted_ != nullptr; };
    mu_.Await(absl::Condition(&told));
    return deleted_;
  }
  void AwaitErased() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&erased_));
  }

 private:
  absl::Mutex mu_;
  std::shared_ptr<Instance> deleted_ ABSL_GUARDED_BY(mu_);
  bool erased_ ABSL_GUARDED_BY(mu_) = false;
};

class UncertainCommitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.env = faults_.env.get();
    options.resolver_threads = 1;
    log_.emplace(std::move(options));
    log_->log().SetCommitListener(&follower_);
  }

  // Fails the next commit. With kSync it is on disk all the same. With kWrite only half of it is, and is cut off.
  void FailNext(FaultFileSystem::Operation operation) {
    faults_.files->FailOnce(operation, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  }

  const playhead::testing::TempDir dir_;
  FaultEnv faults_;
  Follower follower_;
  std::optional<LogHarness> log_;
};

TEST_F(UncertainCommitTest, ADeletionThatIsOnDiskIsToldAndCarriedOut) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(log_->Append("a", {{.data = Secret(i)}}).ok());
  const auto held = log_->Open("a");
  ASSERT_TRUE(held.ok()) << held.status();
  const InstanceNumber number = (*held)->number();
  FailNext(kSync);
  const absl::Status failed = log_->Delete("a");
  EXPECT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;

  EXPECT_EQ(follower_.AwaitDeleted(), *held);
  EXPECT_TRUE((*held)->deleted());
  EXPECT_EQ((*held)->number(), number);
  const auto read = Await<ReadResult>([&](auto done) { log_->log().Read(*held, {}, std::move(done)); });
  EXPECT_TRUE(HasReason(read.status(), Reason::kInstanceDeleted)) << read.status();
  EXPECT_TRUE(HasReason(log_->Get("a").status(), Reason::kInstanceNotFound));
  const auto next_life = log_->Append("a", MakeEvents(1));
  ASSERT_TRUE(next_life.ok()) << next_life.status();
  EXPECT_NE(log_->Get("a")->number, number);
  while (!FilesWith(dir_.path(), "-secret-").empty()) std::this_thread::yield();
}

TEST_F(UncertainCommitTest, AnErasureThatIsOnDiskIsToldAndCarriedOut) {
  ASSERT_TRUE(log_->Append("a", {{.attributes = {{"customer", "1"}}}, {}, {.attributes = {{"customer", "1"}}}}).ok());
  FailNext(kSync);
  const ErasureRequest request = {.instances = {"a"}, .attribute = {{"customer", "1"}}};
  const absl::Status failed = log_->StartErasure(request).status();
  EXPECT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;
  follower_.AwaitErased();
  const ErasureInfo ended = log_->AwaitEnd(1);
  EXPECT_EQ(ended.state, ErasureState::kDone);
  EXPECT_EQ(ended.progress.erased_events, 2u);
}

// Otherwise its sender would believe in a head that never existed, and mistake other events for those that it has seen.
TEST_F(UncertainCommitTest, WhatIsRefusedForAnAppendThatIsThenLostIsToBeTriedAgain) {
  ASSERT_TRUE(log_->Append("a", MakeEvents(3)).ok());
  faults_.files->HoldLogSyncs();
  const auto session = log_->log().NewAppendSession();
  absl::BlockingCounter answers(3);
  std::vector<absl::Status> said(3);
  const auto append = [&](size_t i, AppendBatch batch) {
    session->Append(std::move(batch), [&, i](const absl::StatusOr<AppendResult>& result) {
      said[i] = result.status();
      answers.DecrementCount();
    });
  };
  append(0, MakeBatch("a", MakeEvents(1)));
  faults_.files->AwaitHeldLogSync();
  // Both are in the next commit.
  append(1, MakeBatch("a", MakeEvents(1)));
  AppendBatch conditional = MakeBatch("a", MakeEvents(1, "conditional"));
  conditional.expected_cursor = Cursor(4);
  append(2, conditional);
  // The resolver has one thread, so once this returns, both are queued.
  ASSERT_TRUE(log_->Open("a").ok());
  FailNext(kWrite);
  faults_.files->ReleaseLogSyncs();
  answers.Wait();
  EXPECT_TRUE(said[0].ok()) << said[0];
  EXPECT_TRUE(HasReason(said[1], Reason::kAppendUncertain)) << said[1];
  EXPECT_TRUE(HasReason(said[2], Reason::kStoreUnavailable)) << said[2];
  while (log_->log().stats().reopens == 0) std::this_thread::yield();
  auto again = log_->Append(conditional);  // The reopening is counted a little before appends are taken.
  while (HasReason(again.status(), Reason::kStoreUnavailable)) again = log_->Append(conditional);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->head, Cursor(5));
}

}  // namespace
}  // namespace playhead::storage
