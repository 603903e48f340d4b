// Blocks are found while they are moved to another slice and the old one is dropped.
#include "storage/blocks/block_finder.h"

#include <gtest/gtest.h>

#include <memory>

#include "proto/errors.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/moved_blocks.h"

namespace playhead::storage {
namespace {

class BlockFinderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b"}) {
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness_.Append(name, MakeEvents(2)).ok());
    }
    a_ = harness_.Get("a")->number;
    b_ = harness_.Get("b")->number;
    harness_.Close();
    auto store = Store::Open(harness_.options());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->CreateSlice(2).ok());
  }

  // Whether the block behind the second of each three is found.
  static void ExpectFound(BlockFinder& finder, InstanceNumber instance) {
    const auto found = finder.FindStored(instance, Cursor(4));
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_NE(*found, nullptr);
    EXPECT_EQ((*found)->first(), Cursor(3));
  }

  LogHarness harness_;
  std::shared_ptr<Store> store_;
  InstanceNumber a_;
  InstanceNumber b_;
};

TEST_F(BlockFinderTest, ABlockThatMovesMeanwhileIsFound) {
  BlockFinder finder(store_);
  ASSERT_EQ(MoveBlocks(*store_, a_, 1, 2), 3u);
  ExpectFound(finder, a_);
  ASSERT_EQ(MoveBlocks(*store_, b_, 1, 2), 3u);
  ExpectFound(finder, b_);
}

TEST_F(BlockFinderTest, ABlockWhoseSliceIsDroppedMeanwhileIsFoundWhereItMoved) {
  BlockFinder finder(store_);
  ASSERT_EQ(MoveBlocks(*store_, a_, 1, 2), 3u);
  ASSERT_EQ(MoveBlocks(*store_, b_, 1, 2), 3u);
  ASSERT_TRUE(store_->DropSlice(1).ok());
  ExpectFound(finder, a_);
  ExpectFound(finder, b_);
}

TEST_F(BlockFinderTest, ASliceThatTheDirectoryNamesAndThatIsNotThereIsDataLoss) {
  ASSERT_TRUE(store_->DropSlice(1).ok());
  BlockFinder finder(store_);
  EXPECT_TRUE(HasReason(finder.FindStored(a_, Cursor(4)).status(), Reason::kDataLoss));
}

}  // namespace
}  // namespace playhead::storage
