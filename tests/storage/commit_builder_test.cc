// What the committer decides from the numbers of commits.
#include "storage/commit/commit_builder.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "proto/errors.h"
#include "storage/commit/pending_append.h"
#include "storage/erasures.h"
#include "storage/instances/instance_catalog.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

AppendBatch FirstBatch() {
  AppendBatch batch = MakeBatch("a", MakeEvents(5));
  batch.producer = ProducerSequence{.producer_id = "p", .sequence = 1};
  return batch;
}

// A batch whose write failed may be on disk all the same. A repetition that was resolved before the store was reopened
// found it neither in memory nor on disk.
TEST(CommitBuilderTest, ARepetitionThatWasResolvedBeforeTheStoreWasOpenedIsResolvedAgain) {
  LogHarness harness;
  ASSERT_TRUE(harness.Append(FirstBatch()).ok());
  harness.Close();
  auto store = Store::Open(harness.options());
  ASSERT_TRUE(store.ok()) << store.status();
  auto builder = CommitBuilder::Load(*store, harness.options(), {});
  ASSERT_TRUE(builder.ok()) << builder.status();
  const uint64_t loaded = (*builder)->next_commit() - 1;
  const auto state = LoadInstance(*store, "a");
  ASSERT_TRUE(state.ok()) << state.status();
  const auto instance = std::make_shared<LogInstance>("a", *state);
  for (const uint64_t resolved_commit : {loaded - 1, loaded}) {
    // As another append of the producer leaves it if it was resolved while the store was being reopened.
    instance->LearnProducer("p", 5, loaded - 1);
    auto append = std::make_unique<PendingAppend>();
    append->batch = FirstBatch();
    append->session = std::make_shared<SessionState>();
    append->instance = instance;
    append->resolved_commit = resolved_commit;
    append->resolved_sequence = 5;
    (*builder)->Begin(loaded);
    (*builder)->Append(std::move(append));
    const auto commit = (*builder)->Finish();
    EXPECT_EQ(commit->deferred.size(), resolved_commit < loaded ? 1u : 0u);
  }
}

// Those of one commit, and of commits in flight, were each checked against what had been published.
TEST(CommitBuilderTest, ErasuresThatAreNotPublishedYetCountTowardsTheirLimit) {
  LogHarness harness;
  harness.Close();
  auto store = Store::Open(harness.options());
  ASSERT_TRUE(store.ok()) << store.status();
  auto builder = CommitBuilder::Load(*store, harness.options(), {});
  ASSERT_TRUE(builder.ok()) << builder.status();
  const uint64_t loaded = (*builder)->next_commit() - 1;
  const auto start = [&](std::vector<ErasureJob>& jobs) {
    (*builder)->Begin(loaded);
    for (ErasureJob& job : jobs) {
      job.dry_run = true;
      (*builder)->StartErasure(job, InstanceNumber(), [](absl::Status) {});
    }
    return (*builder)->Finish();
  };
  std::vector<ErasureJob> first(kErasuresActiveMax + 1);
  const auto commit = start(first);
  ASSERT_EQ(commit->commands.size(), first.size());
  for (size_t i = 0; i < kErasuresActiveMax; ++i) EXPECT_TRUE(commit->commands[i].status.ok()) << i;
  EXPECT_TRUE(HasReason(commit->commands.back().status, Reason::kErasuresLimit));
  std::vector<ErasureJob> next(1);
  EXPECT_TRUE(HasReason(start(next)->commands[0].status, Reason::kErasuresLimit)) << "while that commit is in flight";
  commit->Publish();
  EXPECT_TRUE(HasReason(start(next)->commands[0].status, Reason::kErasuresLimit)) << "once it is published";
  ASSERT_TRUE((*store)->erasures().TakeBack(first[0].id).ok());
  EXPECT_TRUE(start(next)->commands[0].status.ok()) << "each took one place";
  EXPECT_TRUE(HasReason(start(next)->commands[0].status, Reason::kErasuresLimit)) << "which was the last";
}

}  // namespace
}  // namespace playhead::storage
