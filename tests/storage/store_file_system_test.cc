// What RocksDB 7.8 does when a disk fails must not harm the store, nor end the process.
#include "storage/store/store_file_system.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "storage/store/store.h"
#include "tests/storage/backup_harness.h"
#include "tests/storage/log_harness.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::TempDir;

class StoreFileSystemTest : public ::testing::Test {
 protected:
  StoreFileSystemTest() {
    options_.data_dir = dir_.path() + "/store";
    options_.env = faults_.env.get();
  }

  const TempDir dir_;
  FaultEnv faults_;
  StoreOptions options_;
};

TEST_F(StoreFileSystemTest, TheManifestInUseIsKeptWhenANewOneCouldNotBeWritten) {
  {
    const auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    // Nothing else is being written: the first thing to be is the new MANIFEST.
    faults_.files->FailOnce(FaultFileSystem::Operation::kWrite, "", 0, rocksdb::IOStatus::NoSpace("the disk is full"));
    ASSERT_FALSE((*store)->CreateSlice(2).ok());
    ASSERT_FALSE(faults_.files->fault_pending());
    // Has RocksDB look through the folder for what it takes for obsolete, as after a failed merge.
    ASSERT_TRUE((*store)->db()->EnableFileDeletions(/*force=*/true).ok());
  }
  const auto again = Store::Open(options_);
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(StoreFileSystemTest, ABackupDoesNotEndTheProcessIfNobodyCanTellWhatExists) {
  LogHarness log(options_);
  ASSERT_TRUE(log.Append("a", {{.data = "one"}}).ok());
  faults_.files->FailFrom(FaultFileSystem::Operation::kOpen, "/archive", 0,
                          rocksdb::IOStatus::IOError("the disk is broken"));
  const auto backup = BackUp(log.log(), dir_.path() + "/backup");
  EXPECT_TRUE(backup.ok()) << backup.status();
}

}  // namespace
}  // namespace playhead::storage
