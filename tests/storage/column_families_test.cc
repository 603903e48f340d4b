// How the store's database is set up.
#include "storage/store/column_families.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include "tests/support/log_lines.h"

namespace playhead::storage {
namespace {

using playhead::testing::LogLines;

TEST(ColumnFamiliesTest, AMessageOfRocksDbIsOneFieldOfTheLogWhateverItContains) {
  LogLines lines;
  const StoreOptions options;
  const SharedTuning tuning(options);
  const rocksdb::DBOptions db = MakeDbOptions(options, tuning);
  rocksdb::Warn(db.info_log, "%s", "the file \"a\" is bad\nevent=forged");
  EXPECT_EQ(lines.Count(R"(event=rocksdb message="the file \"a\" is bad\nevent=forged")"), 1);
}

}  // namespace
}  // namespace playhead::storage
