#include "broker/read/tail.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "storage/block.h"
#include "storage/event_log.h"
#include "storage/executor.h"

namespace playhead::broker {
namespace {

using storage::Block;
using storage::Cursor;
using storage::InstanceNumber;
using Found = InstanceTail::Found;

class FakeInstance final : public storage::Instance {
 public:
  explicit FakeInstance(uint64_t number) : number_(number) {}
  const std::string& name() const override { return name_; }
  InstanceNumber number() const override { return number_; }
  storage::LogBounds bounds() const override { return {.first = Cursor(1), .head = head()}; }
  Cursor head() const override { return head_; }
  bool deleted() const override { return deleted_; }

  void set_head(Cursor head) { head_ = head; }
  void set_deleted() { deleted_ = true; }

 private:
  const std::string name_ = "device";
  const InstanceNumber number_;
  std::atomic<Cursor> head_;
  std::atomic<bool> deleted_ = false;
};

class CountingWaiter final : public TailWaiter {
 public:
  void Wake() override { ++wakes; }
  std::atomic<int> wakes = 0;
};

class TailTest : public ::testing::Test {
 protected:
  static constexpr size_t kBlockBytes = 1000;

  static std::shared_ptr<FakeInstance> MakeInstance(uint64_t number) { return std::make_shared<FakeInstance>(number); }

  // Publishes a block of `count` events after the head. As in the log, the head moves before the listener is called.
  void Commit(const std::shared_ptr<FakeInstance>& instance, uint32_t count = 1) {
    storage::BlockHeader header;
    header.instance = instance->number();
    header.first = instance->head() + 1;
    header.event_count = count;
    auto block = std::make_shared<const Block>(header, std::string(kBlockBytes, 'x'));
    instance->set_head(block->last());
    const storage::PublishedBlock published{instance, std::move(block)};
    tail_.OnCommit({&published, 1});
  }

  // Takes the blocks after `position`, and puts the first cursor of each into firsts_.
  Found Take(Tail::Handle& handle, const FakeInstance& instance, Cursor position,
             const std::shared_ptr<TailWaiter>& waiter = std::make_shared<CountingWaiter>()) {
    std::vector<std::shared_ptr<const Block>> blocks;
    at_end_ = false;
    const Found found = handle->Take(instance, position, size_t{1} << 20, waiter, blocks, at_end_);
    firsts_.clear();
    for (const auto& block : blocks) firsts_.push_back(block->first().sequence());
    if (found == Found::kAtHead) handle->Remove(*waiter);
    return found;
  }

  storage::Executor executor_{1};
  Tail tail_{10'000, executor_};
  bool at_end_ = false;
  std::vector<uint64_t> firsts_;
};

TEST_F(TailTest, GivesOutTheBlocksBehindAPosition) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  for (int i = 0; i < 3; ++i) Commit(instance, 10);
  EXPECT_EQ(Take(handle, *instance, Cursor(0)), Found::kBlocks);
  EXPECT_EQ(firsts_, (std::vector<uint64_t>{1, 11, 21}));
  EXPECT_TRUE(at_end_);
  EXPECT_EQ(Take(handle, *instance, Cursor(15)), Found::kBlocks);
  EXPECT_EQ(firsts_, (std::vector<uint64_t>{11, 21}));
  EXPECT_EQ(Take(handle, *instance, Cursor(20)), Found::kBlocks);
  EXPECT_EQ(firsts_, (std::vector<uint64_t>{21}));
  EXPECT_EQ(Take(handle, *instance, Cursor(30)), Found::kAtHead);
}

TEST_F(TailTest, StopsAtTheBytesAskedForAndSaysThatItIsNotTheEnd) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  for (int i = 0; i < 3; ++i) Commit(instance);
  std::vector<std::shared_ptr<const Block>> blocks;
  bool at_end = true;
  EXPECT_EQ(handle->Take(*instance, Cursor(0), kBlockBytes + 1, std::make_shared<CountingWaiter>(), blocks, at_end),
            Found::kBlocks);
  EXPECT_EQ(blocks.size(), 2u);
  EXPECT_FALSE(at_end);
}

TEST_F(TailTest, SendsWhoeverIsBehindItToStorage) {
  const auto instance = MakeInstance(1);
  instance->set_head(Cursor(100));
  Tail::Handle handle = tail_.Open(instance->number());
  EXPECT_EQ(Take(handle, *instance, Cursor(50)), Found::kBehind);
  Commit(instance);
  EXPECT_EQ(Take(handle, *instance, Cursor(50)), Found::kBehind);
  EXPECT_EQ(Take(handle, *instance, Cursor(100)), Found::kBlocks);
}

TEST_F(TailTest, SendsToStorageWhoeverSeesTheHeadBeforeTheCommitIsHeard) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  Commit(instance);
  instance->set_head(Cursor(2));
  EXPECT_EQ(Take(handle, *instance, Cursor(1)), Found::kBehind);
}

TEST_F(TailTest, FollowsEpochs) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  Commit(instance, 5);
  instance->set_head(Cursor(3, 5));  // The next event starts an epoch.
  Commit(instance, 5);
  EXPECT_EQ(Take(handle, *instance, Cursor(0, 5)), Found::kBlocks);
  EXPECT_EQ(firsts_, (std::vector<uint64_t>{6}));
  EXPECT_EQ(Take(handle, *instance, Cursor(3, 10)), Found::kAtHead);
}

TEST_F(TailTest, WakesEachWaiterOncePerRegistration) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  std::vector<std::shared_ptr<CountingWaiter>> waiters;
  std::vector<std::shared_ptr<const Block>> blocks;
  bool at_end = false;
  for (int i = 0; i < 1000; ++i) {
    waiters.push_back(std::make_shared<CountingWaiter>());
    for (int twice = 0; twice < 2; ++twice) {
      EXPECT_EQ(handle->Take(*instance, Cursor(0), 1, waiters.back(), blocks, at_end), Found::kAtHead);
    }
  }
  for (size_t i = 0; i < waiters.size(); i += 2) handle->Remove(*waiters[i]);
  Commit(instance);
  Commit(instance);
  executor_.Join();
  for (size_t i = 0; i < waiters.size(); ++i) EXPECT_EQ(waiters[i]->wakes, static_cast<int>(i % 2));
}

TEST_F(TailTest, AReopenedStoreWakesEverybodyAndSendsThemToStorage) {
  const auto a = MakeInstance(1);
  const auto b = MakeInstance(2);
  Tail::Handle handle_a = tail_.Open(a->number());
  Tail::Handle handle_b = tail_.Open(b->number());
  Commit(a);
  const auto waiter_a = std::make_shared<CountingWaiter>();
  const auto waiter_b = std::make_shared<CountingWaiter>();
  std::vector<std::shared_ptr<const Block>> blocks;
  bool at_end = false;
  ASSERT_EQ(handle_a->Take(*a, Cursor(1), 1, waiter_a, blocks, at_end), Found::kAtHead);
  ASSERT_EQ(handle_b->Take(*b, Cursor(), 1, waiter_b, blocks, at_end), Found::kAtHead);
  a->set_head(Cursor(2));  // As for events that were found on disk, and never announced.
  tail_.OnCommit({});
  EXPECT_EQ(waiter_a->wakes, 1);
  EXPECT_EQ(waiter_b->wakes, 1);
  EXPECT_EQ(handle_a->Take(*a, Cursor(1), 1, waiter_a, blocks, at_end), Found::kBehind);
  EXPECT_EQ(handle_b->Take(*b, Cursor(), 1, waiter_b, blocks, at_end), Found::kAtHead);
  handle_b->Remove(*waiter_b);
}

TEST_F(TailTest, StaysWithinItsBytesAndLetsTheOldestGo) {
  const auto first = MakeInstance(1);
  const auto second = MakeInstance(2);
  Tail::Handle handle = tail_.Open(first->number());
  Commit(first);
  Commit(second);
  Commit(first);
  EXPECT_EQ(Take(handle, *first, Cursor(0)), Found::kBlocks);
  for (int i = 0; i < 6; ++i) Commit(second);
  EXPECT_LE(tail_.bytes(), 10'000u);
  EXPECT_EQ(Take(handle, *first, Cursor(0)), Found::kBehind);
}

TEST_F(TailTest, ForgetsInstancesThatAreIdleAndUnread) {
  for (uint64_t number = 1; number <= 1000; ++number) Commit(MakeInstance(number));
  EXPECT_LE(tail_.bytes(), 10'000u);
  EXPECT_LE(tail_.instance_count(), 10u);
  {
    const Tail::Handle handle = tail_.Open(InstanceNumber(5000));
    EXPECT_LE(tail_.instance_count(), 11u);
  }
  EXPECT_LE(tail_.instance_count(), 10u);
}

TEST_F(TailTest, DropsABlockThatIsLargerThanAllOfIt) {
  Tail tiny(100, executor_);
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tiny.Open(instance->number());
  storage::BlockHeader header;
  header.instance = instance->number();
  header.first = Cursor(1);
  header.event_count = 1;
  instance->set_head(Cursor(1));
  const storage::PublishedBlock published{instance,
                                          std::make_shared<const Block>(header, std::string(kBlockBytes, 'x'))};
  tiny.OnCommit({&published, 1});
  EXPECT_EQ(tiny.bytes(), 0u);
  EXPECT_EQ(Take(handle, *instance, Cursor(0)), Found::kBehind);
}

TEST_F(TailTest, NeverServesAcrossAHole) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  Commit(instance);
  instance->set_head(Cursor(5));  // As when a store is reopened and finds more than it had announced.
  Commit(instance);
  EXPECT_EQ(Take(handle, *instance, Cursor(0)), Found::kBehind);
  EXPECT_EQ(Take(handle, *instance, Cursor(1)), Found::kBehind);
  EXPECT_EQ(Take(handle, *instance, Cursor(5)), Found::kBlocks);
  for (int i = 0; i < 20; ++i) Commit(instance);
  EXPECT_LE(tail_.bytes(), 10'000u);
}

TEST_F(TailTest, DeletionWakesWaitersAndForgetsTheBlocks) {
  const auto instance = MakeInstance(1);
  Tail::Handle handle = tail_.Open(instance->number());
  Commit(instance);
  const auto waiter = std::make_shared<CountingWaiter>();
  std::vector<std::shared_ptr<const Block>> blocks;
  bool at_end = false;
  ASSERT_EQ(handle->Take(*instance, Cursor(1), 1, waiter, blocks, at_end), Found::kAtHead);
  instance->set_deleted();
  tail_.OnDelete(instance);
  executor_.Join();
  EXPECT_EQ(waiter->wakes, 1);
  EXPECT_EQ(tail_.bytes(), 0u);
  EXPECT_EQ(Take(handle, *instance, Cursor(0)), Found::kDeleted);
}

}  // namespace
}  // namespace playhead::broker
