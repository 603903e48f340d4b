// Rows of a column family that cannot be read are never skipped silently, in whatever level they are: the reader gets
// an error.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "storage/options.h"
#include "storage/store/store.h"
#include "tests/storage/flip_bit.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;

constexpr int kFiles = 3;
constexpr int kRowsOfEach = 100;

class DamagedRowsTest : public ::testing::Test {
 protected:
  // A store with some files in a level below the first, one behind the other.
  void SetUp() override {
    options_.data_dir = dir_.path() + "/data";
    options_.env = faults_.env.get();
    Open();
    for (int i = 0; i < kFiles; ++i) {
      for (int row = 0; row < kRowsOfEach; ++row) {
        const std::string key = absl::StrFormat("%d-%03d", i, row);
        ASSERT_TRUE(store_->db()->Put(rocksdb::WriteOptions(), family(), key, "value").ok());
      }
      ASSERT_TRUE(store_->Flush().ok());
      ASSERT_TRUE(store_->db()->CompactRange(rocksdb::CompactRangeOptions(), family(), nullptr, nullptr).ok());
    }
    std::vector<rocksdb::LiveFileMetaData> files;
    store_->db()->GetLiveFilesMetaData(&files);
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.smallestkey < b.smallestkey; });
    for (const rocksdb::LiveFileMetaData& file : files) {
      if (file.column_family_name != family()->GetName()) continue;
      ASSERT_GT(file.level, 0);
      files_.push_back(file.db_path + "/" + file.relative_filename);
    }
    ASSERT_EQ(files_.size(), kFiles);
  }

  void Open() {
    store_.reset();
    auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  rocksdb::ColumnFamilyHandle* family() const { return store_->family(Family::kKeys); }

  // From the first row on.
  struct Found {
    int rows = 0;
    rocksdb::Status status;
  };
  Found ReadOn() const {
    Found found;
    const auto row = store_->NewIterator(family());
    for (row->SeekToFirst(); row->Valid(); row->Next()) ++found.rows;
    found.status = row->status();
    return found;
  }

  const playhead::testing::TempDir dir_;
  FaultEnv faults_;
  StoreOptions options_;
  std::shared_ptr<Store> store_;
  std::vector<std::string> files_;
};

TEST_F(DamagedRowsTest, ADamagedFirstBlockIsToldOf) {
  EXPECT_EQ(ReadOn().rows, kFiles * kRowsOfEach);
  for (int i = 0; i < kFiles; ++i) {
    const std::string& path = files_[static_cast<size_t>(i)];
    FlipBit(path, 0);
    Open();
    const Found found = ReadOn();
    EXPECT_EQ(found.rows, i * kRowsOfEach);
    EXPECT_TRUE(found.status.IsCorruption()) << found.status.ToString();
    FlipBit(path, 0);
  }
}

// How the end of a log and the last sequence of a producer are looked up: what is passed over there is given twice.
TEST_F(DamagedRowsTest, ADamagedFirstBlockIsToldOfWhoLooksBack) {
  for (int i = 0; i < kFiles; ++i) {
    const std::string& path = files_[static_cast<size_t>(i)];
    FlipBit(path, 0);
    Open();
    const auto row = store_->NewIterator(family());
    row->SeekForPrev(absl::StrFormat("%d-%03d", i, kRowsOfEach - 1));
    EXPECT_FALSE(row->Valid()) << "passed over to " << row->key().ToString();
    EXPECT_TRUE(row->status().IsCorruption()) << row->status().ToString();
    if (i == kFiles - 1) {
      row->SeekToLast();
      EXPECT_FALSE(row->Valid()) << "passed over to " << row->key().ToString();
      EXPECT_TRUE(row->status().IsCorruption()) << row->status().ToString();
    }
    FlipBit(path, 0);
  }
}

TEST_F(DamagedRowsTest, AFirstBlockThatTheDiskDoesNotGiveIsToldOf) {
  for (int i = 1; i < kFiles; ++i) {
    Open();
    const auto row = store_->NewIterator(family());
    row->Seek(absl::StrFormat("%d-%03d", i - 1, kRowsOfEach - 1));  // The last one of the file before.
    ASSERT_TRUE(row->Valid());
    const std::string& path = files_[static_cast<size_t>(i)];
    faults_.files->FailFrom(FaultFileSystem::Operation::kRead, path.substr(path.rfind('/')), 0,
                            rocksdb::IOStatus::IOError("the disk is broken"));
    row->Next();
    EXPECT_FALSE(row->Valid());
    EXPECT_TRUE(row->status().IsIOError()) << row->status().ToString();
    faults_.files->Heal();
  }
}

}  // namespace
}  // namespace playhead::storage
