#include "storage/store/rocksdb_status.h"

#include <gtest/gtest.h>

namespace playhead::storage {
namespace {

TEST(RocksDbStatusTest, ItNamesTheFileWithoutItsFolderAndTheWholeError) {
  EXPECT_EQ(WithoutFolders("IO error: While fdatasync: /var/lib/data/000008.log: Input/output error"),
            "IO error: While fdatasync: 000008.log: Input/output error");
  EXPECT_EQ(
      WithoutFolders("IO error: No space left on device: While appending to file: /data/000008.log: No space left"),
      "IO error: No space left on device: While appending to file: 000008.log: No space left");
  EXPECT_EQ(WithoutFolders("Corruption: block checksum mismatch: in /data/000012.sst offset 5 size 12"),
            "Corruption: block checksum mismatch: in 000012.sst offset 5 size 12");
  EXPECT_EQ(WithoutFolders("Shutdown in progress"), "Shutdown in progress");
}

}  // namespace
}  // namespace playhead::storage
