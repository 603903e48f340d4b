// A table file that cannot be merged: reads of the damaged part get DATA_LOSS, and appends, reads and merges of
// everything else go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/store/column_families.h"
#include "storage/store/store.h"
#include "storage/verify/table_check.h"
#include "tests/storage/flip_bit.h"
#include "tests/storage/log_harness.h"
#include "tests/support/log_lines.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::LogLines;
using playhead::testing::Random;

constexpr size_t kEventBytes = 2000;
constexpr char kCannotMerge[] = "merging slice 1: Corruption";

class DamagedMergeTest : public ::testing::Test {
 protected:
  void Append(LogHarness& log, const std::string& instance, int count) {
    for (int i = 0; i < count; ++i) {
      std::string noise(kEventBytes, '\0');  // Which does not compress.
      for (char& c : noise) c = static_cast<char>(random_.Below(256));
      const auto result = log.Append(instance, {{.data = noise, .id = absl::StrCat("id", ++last_id_)}});
      ASSERT_TRUE(result.ok()) << result.status();
      ++appended_[instance];
    }
  }

  // The tables of a family, while no log has the store open.
  std::vector<TableFile> Tables(const std::string& family) const {
    std::vector<TableFile> tables;
    const auto store = Store::OpenReadOnly(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return tables;
    for (TableFile& table : TablesOf(**store)) {
      if (table.family == family) tables.push_back(std::move(table));
    }
    return tables;
  }

  Random random_{1};
  int last_id_ = 0;
  std::map<std::string, size_t> appended_;  // By instance.
  const playhead::testing::TempDir dir_;
  const StoreOptions options_ = [this] {
    StoreOptions options;
    options.data_dir = dir_.path() + "/data";
    options.durability = Durability::kOs;
    options.slice_bytes = 150'000;
    return options;
  }();
};

TEST_F(DamagedMergeTest, OfASlice) {
  LogLines lines;
  LogHarness log(options_);
  // Starts write what they recover to files: the first slice, which is not full, has two, which overlap, and are not
  // just moved.
  for (int i = 0; i < 2; ++i) {
    for (const char* instance : {"damaged", "beside"}) Append(log, instance, 15);
    log.Reopen();
  }
  log.Close();
  const std::vector<TableFile> tables = Tables(SliceFamilyName(1));
  ASSERT_EQ(tables.size(), 2u);
  FlipBit(tables[0].path, 10);  // In its first block of rows.
  // Behind the beginning of the second slice the first is merged, and that does not begin another.
  log.Reopen();
  Append(log, "sound", 50);
  lines.Await("task=merge_slices again_s=3600");
  EXPECT_EQ(lines.Count("task=roll_slice"), 0);
  log.Close();
  // On to the third slice; of the second, too, each start makes a file.
  size_t second_most = 0;
  for (;;) {
    log.Reopen();
    for (const char* instance : {"beside", "sound"}) Append(log, instance, 10);
    log.Close();
    second_most = std::max(second_most, Tables(SliceFamilyName(2)).size());
    if (!Tables(SliceFamilyName(3)).empty()) break;
  }
  ASSERT_GE(second_most, 2u);
  const int before = lines.Count(kCannotMerge);
  log.Reopen();
  // Said when all slices have had their turn.
  while (lines.Count(kCannotMerge) == before) std::this_thread::yield();
  for (const char* instance : {"beside", "sound"}) {
    Append(log, instance, 1);
    EXPECT_EQ(log.ReadAll(instance)->size(), appended_[instance]);
  }
  EXPECT_EQ(log.log().stats().reopens, 0u);
  EXPECT_TRUE(HasReason(log.ReadAll("damaged").status(), Reason::kDataLoss));
  log.Close();
  EXPECT_GE(Tables(SliceFamilyName(1)).size(), 2u);
  EXPECT_EQ(Tables(SliceFamilyName(2)).size(), 1u) << "a slice behind a damaged one is not merged";
}

TEST_F(DamagedMergeTest, OfIdentitiesWhoseFilesPileUp) {
  constexpr int kAtATime = 2000;
  StoreOptions options = options_;
  options.write_buffer_bytes = 50'000;  // Many files soon.
  options.wal_bytes_max = 100'000;
  LogHarness log(options);
  Append(log, "damaged", 20);
  log.Reopen();
  log.Close();
  const std::vector<TableFile> tables = Tables("dedup");
  ASSERT_EQ(tables.size(), 1u);
  FlipBit(tables[0].path, 10);  // In its first block of rows.
  // At 36 files RocksDB by itself holds up all writes. How many events one has depends on when it is written.
  size_t events = 0;
  while (Tables("dedup").size() <= 36) {
    ASSERT_LT(events, 100u * kAtATime);
    log.Reopen();
    Append(log, "sound", kAtATime);
    events += kAtATime;
    EXPECT_EQ(log.log().stats().reopens, 0u);
    log.Close();
  }
  log.Reopen();
  Append(log, "sound", 1);
  EXPECT_EQ(log.ReadAll("sound")->size(), events + 1);
  EXPECT_EQ(log.ReadAll("damaged")->size(), 20u);
}

// Else RocksDB would try again every second, and read most of the family each time.
TEST_F(DamagedMergeTest, OfAFamilyIsTriedAgainAfterAPause) {
  LogLines lines;
  const auto opened = Store::Open(options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Store& store = **opened;
  rocksdb::ColumnFamilyHandle* const family = store.family(Family::kKeys);
  const auto is_paused = [&] { return store.db()->GetOptions(family).disable_auto_compactions; };
  const auto files = [&] {
    rocksdb::ColumnFamilyMetaData levels;
    store.db()->GetColumnFamilyMetaData(family, &levels);
    return levels.levels[0].files.size();
  };
  const auto add_file = [&] {
    // They overlap, so that they are not just moved.
    for (const char* key : {"a", "z"}) ASSERT_TRUE(store.db()->Put(rocksdb::WriteOptions(), family, key, "value").ok());
    ASSERT_TRUE(store.Flush().ok());
  };
  ASSERT_NO_FATAL_FAILURE(add_file());
  const std::vector<TableFile> tables = TablesOf(store);
  const auto table = std::find_if(tables.begin(), tables.end(), [](const TableFile& t) { return t.family == "keys"; });
  ASSERT_NE(table, tables.end());
  const std::string& path = table->path;
  FlipBit(path, 0);
  while (files() < 4) ASSERT_NO_FATAL_FAILURE(add_file());  // RocksDB merges so many.
  const auto now = std::chrono::steady_clock::now();
  while (!is_paused()) store.PauseDamagedMerges(now);
  EXPECT_EQ(lines.Count("event=merges_paused family=keys for_s=3600"), 1);
  EXPECT_GE(files(), 4u);

  FlipBit(path, 0);
  store.PauseDamagedMerges(now + std::chrono::minutes(59));
  EXPECT_TRUE(is_paused());
  store.PauseDamagedMerges(now + std::chrono::minutes(60));
  EXPECT_FALSE(is_paused());
  while (files() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace playhead::storage
