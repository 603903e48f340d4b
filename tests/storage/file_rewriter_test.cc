// Deleted data leaves the store's files, even if somebody was reading an older snapshot of the store.
#include "storage/erase/file_rewriter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store.h"
#include "storage/store/store_view.h"
#include "tests/storage/file_search.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::FilesWith;
using playhead::testing::TempDir;
using playhead::testing::Token;

class FileRewriterTest : public ::testing::Test {
 protected:
  // A row that is in a file, a view of the store that has it, and its deletion.
  void SetUp() override {
    StoreOptions options;
    options.data_dir = dir_.path();
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    rocksdb::ColumnFamilyHandle* const keys = store_->family(Family::kKeys);
    ASSERT_TRUE(store_->db()->Put({}, keys, "row", Token(1)).ok());
    ASSERT_TRUE(store_->db()->Flush({}, keys).ok());
    view_ = std::make_unique<StoreView>(store_);
    ASSERT_TRUE(store_->db()->Delete({}, keys, "row").ok());
    ASSERT_FALSE(FilesWith(dir_.path(), Token(1)).empty());
    rewriter_ = std::thread([this] {
      const FileRange range = WholeFamily(*store_, Family::kKeys);
      const auto write = [this](FillBatch fill) {
        rocksdb::WriteBatch batch;
        std::move(fill)(*store_, batch);
        return ReadError(store_->db()->Write(rocksdb::WriteOptions(), &batch), "writing");
      };
      status_ = RewriteFiles(*store_, {&range, 1}, canceled_, write);
      ended_.Notify();
    });
  }
  void TearDown() override {
    if (rewriter_.joinable()) rewriter_.join();
  }

  // Long enough for one that does not wait.
  bool EndsBesideTheView() { return ended_.WaitForNotificationWithTimeout(absl::Milliseconds(500)); }

  const TempDir dir_;
  std::shared_ptr<Store> store_;
  std::unique_ptr<StoreView> view_;
  std::atomic<bool> canceled_{false};
  std::thread rewriter_;
  absl::Status status_;
  absl::Notification ended_;
};

TEST_F(FileRewriterTest, ItWaitsForWhoStillSeesWhatIsDeleted) {
  EXPECT_FALSE(EndsBesideTheView());
  EXPECT_EQ(**view_->Get(Family::kKeys, "row"), Token(1));
  view_.reset();
  rewriter_.join();
  EXPECT_TRUE(status_.ok()) << status_;
  EXPECT_TRUE(FilesWith(dir_.path(), Token(1)).empty());
}

TEST_F(FileRewriterTest, ItIsCutOffWhileItWaits) {
  EXPECT_FALSE(EndsBesideTheView());
  canceled_ = true;
  rewriter_.join();
  EXPECT_TRUE(HasReason(status_, Reason::kShuttingDown)) << status_;
}

}  // namespace
}  // namespace playhead::storage
