// Reads that are overtaken by a trim or a deletion, so that the bounds they started with no longer hold.
#include "storage/blocks/range_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/errors.h"
#include "storage/blocks/block_search.h"
#include "storage/key_codec.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

// An instance whose bounds are those of an earlier moment when it is first asked, and the true ones from then on.
class OvertakenInstance final : public Instance {
 public:
  OvertakenInstance(InstanceNumber number, LogBounds before, LogBounds now)
      : number_(number), before_(std::move(before)), now_(std::move(now)) {}
  const std::string& name() const override { return name_; }
  InstanceNumber number() const override { return number_; }
  LogBounds bounds() const override { return asked_++ == 0 ? before_ : now_; }
  Cursor head() const override { return now_.head; }
  bool deleted() const override { return false; }

 private:
  const std::string name_ = "a";
  const InstanceNumber number_;
  const LogBounds before_;
  const LogBounds now_;
  mutable int asked_ = 0;
};

class OvertakenReadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LogHarness log({.data_dir = dir_.path()});
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
    times_ = *log.ReadAll("a");
    before_ = *log.Get("a")->bounds;
    number_ = log.Get("a")->number;
    ASSERT_TRUE(log.Trim("a", Cursor(51)).ok());
    now_ = *log.Get("a")->bounds;
    log.Close();
    auto store = Store::Open(log.options());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    // As when the space of the trimmed events was reclaimed.
    rocksdb::WriteBatch reclaimed;
    const auto block = store_->NewIterator(store_->slice(1).get());
    for (block->Seek(InstanceKey(number_)); block->Valid(); block->Next()) {
      if (BlockKeyCursor({block->key().data(), block->key().size()}) < Cursor(51)) {
        reclaimed.Delete(store_->slice(1).get(), block->key()).PermitUncheckedError();
      }
    }
    ASSERT_TRUE(store_->db()->Write(rocksdb::WriteOptions(), &reclaimed).ok());
  }

  const playhead::testing::TempDir dir_;
  std::vector<TestEvent> times_;
  LogBounds before_;
  LogBounds now_;
  InstanceNumber number_;
  std::shared_ptr<const Store> store_;
};

TEST_F(OvertakenReadTest, ATimeSeekEndsAtTheFirstKeptEvent) {
  for (const size_t event : {size_t{0}, size_t{10}, size_t{49}}) {
    const OvertakenInstance instance(number_, before_, now_);
    const auto found = FindTimeInLog(store_, instance, Timestamp(times_[event].appended_at));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_GE(*found, Cursor(event));
    EXPECT_LE(*found, Cursor(50));
  }
}

TEST_F(OvertakenReadTest, AReadIsToldOfTheTrim) {
  const OvertakenInstance forwards(number_, before_, now_);
  EXPECT_TRUE(HasReason(ReadRange(store_, forwards, {.after = Cursor(10)}).status(), Reason::kCursorTrimmed));
  const OvertakenInstance backwards(number_, before_, now_);
  const auto read = ReadRange(store_, backwards, {.until = Cursor(50), .reverse = true});
  EXPECT_TRUE(HasReason(read.status(), Reason::kStoreUnavailable)) << "again, with the new bounds: " << read.status();
}

TEST_F(OvertakenReadTest, WhatIsThereBeforeATrimsBlocksIsRead) {
  const OvertakenInstance backwards(number_, before_, now_);
  const auto read = ReadRange(store_, backwards, {.until = Cursor(60), .reverse = true});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->event_count, 10u);
  EXPECT_EQ(read->next, Cursor(50));
  EXPECT_FALSE(read->end_reached);
}

TEST_F(OvertakenReadTest, BlocksThatNoTrimRemovedAreDataLoss) {
  const OvertakenInstance forwards(number_, before_, before_);
  EXPECT_TRUE(HasReason(ReadRange(store_, forwards, {.after = Cursor(10)}).status(), Reason::kDataLoss));
  const OvertakenInstance backwards(number_, before_, before_);
  const auto read = ReadRange(store_, backwards, {.until = Cursor(50), .reverse = true});
  EXPECT_TRUE(HasReason(read.status(), Reason::kDataLoss)) << read.status();
  const OvertakenInstance times(number_, before_, before_);
  const auto found = FindTimeInLog(store_, times, Timestamp(times_[10].appended_at));
  EXPECT_TRUE(HasReason(found.status(), Reason::kDataLoss)) << found.status();
}

}  // namespace
}  // namespace playhead::storage
