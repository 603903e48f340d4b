// Where the rows of a table file end. A test that damages the file there damages the end of a log, or of another column
// family.
#ifndef PLAYHEAD_TESTS_STORAGE_TABLE_END_H_
#define PLAYHEAD_TESTS_STORAGE_TABLE_END_H_

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "storage/options.h"
#include "storage/store/store.h"

namespace playhead::storage {

struct TableEnd {
  std::string path;
  uint64_t offset = 0;  // In the last block of rows.
};

inline rocksdb::ColumnFamilyHandle* FirstSliceOf(const Store& store) { return store.slices().begin()->second.get(); }
inline rocksdb::ColumnFamilyHandle* CommitsOf(const Store& store) { return store.family(Family::kCommits); }

// Of the family's oldest file, while nobody has the store open. Fails the test if there is none.
inline TableEnd EndOfFirstTable(const StoreOptions& options, rocksdb::ColumnFamilyHandle* family_of(const Store&)) {
  const auto store = Store::OpenReadOnly(options);
  EXPECT_TRUE(store.ok()) << store.status();
  if (!store.ok()) return {};
  rocksdb::TablePropertiesCollection files;
  EXPECT_TRUE((*store)->db()->GetPropertiesOfAllTables(family_of(**store), &files).ok());
  EXPECT_FALSE(files.empty());
  if (files.empty()) return {};
  const auto oldest = std::min_element(files.begin(), files.end(),
                                       [](const auto& file, const auto& other) { return file.first < other.first; });
  return {oldest->first, oldest->second->data_size - 10};
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_TABLE_END_H_
