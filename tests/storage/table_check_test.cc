// The check of a table file finds a flipped bit wherever it is, whether or not a row there still matters.
#include "storage/verify/table_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/store/store.h"
#include "tests/storage/flip_bit.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TableCheckTest : public ::testing::Test {
 protected:
  // A store of some table files, open to look at: some of them hold nothing but what was trimmed or deleted since.
  void SetUp() override {
    {
      LogHarness log(options_);
      ASSERT_TRUE(log.Append("gone", MakeEvents(20)).ok());
      ASSERT_TRUE(log.Append("bot", MakeEvents(20)).ok());
      log.Reopen();
      ASSERT_TRUE(log.Delete("gone").ok());
      ASSERT_TRUE(log.Trim("bot", Cursor(20)).ok());
    }
    {
      const auto store = Store::Open(options_);
      ASSERT_TRUE(store.ok()) << store.status();
      ASSERT_TRUE((*store)->Flush().ok());
    }
    auto store = Store::OpenReadOnly(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  std::string Check(const TableFile& table) const {
    const auto finding = CheckTable(*store_, table);
    EXPECT_TRUE(finding.ok()) << finding.status();
    if (!finding.ok() || !finding->has_value()) return "";
    EXPECT_EQ((*finding)->kind, FindingKind::kFile);
    return (*finding)->what;
  }

  const playhead::testing::TempDir dir_;
  const StoreOptions options_ = [this] {
    StoreOptions options;
    options.data_dir = dir_.path() + "/data";
    return options;
  }();
  std::shared_ptr<Store> store_;
};

TEST_F(TableCheckTest, AllTablesAreThereAndSound) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(options_.data_dir)) {
    if (entry.path().extension() == ".sst") files.insert(entry.path().string());
  }
  const std::vector<TableFile> tables = TablesOf(*store_);
  EXPECT_THAT(tables, SizeIs(files.size()));
  EXPECT_GE(tables.size(), 5u);
  for (const TableFile& table : tables) {
    EXPECT_TRUE(files.contains(table.path)) << table.path;
    EXPECT_EQ(table.bytes, std::filesystem::file_size(table.path));
    EXPECT_EQ(Check(table), "");
  }
}

TEST_F(TableCheckTest, AFlippedBitIsFoundWhereverItIs) {
  for (const TableFile& table : TablesOf(*store_)) {
    for (uint64_t offset = 0; offset < table.bytes - kTableFooterBytes; ++offset) {
      FlipBit(table.path, offset);
      EXPECT_THAT(Check(table), HasSubstr(absl::StrCat(table.path, ", of ", table.family, ", is damaged"))) << offset;
      FlipBit(table.path, offset);
    }
    EXPECT_EQ(Check(table), "");
  }
}

TEST_F(TableCheckTest, AMissingFileIsFoundAndOneThatAMergeRemovedIsNot) {
  TableFile table = TablesOf(*store_).front();
  std::filesystem::remove(table.path);
  EXPECT_THAT(Check(table), HasSubstr("is missing"));
  table.path = options_.data_dir + "/000001.sst";
  EXPECT_EQ(Check(table), "");
}

}  // namespace
}  // namespace playhead::storage
