// Checks the table files of a store as files: each block of them against RocksDB's checksum. That reaches what no read
// of a row does: blocks of which no row counts any more, which a merge still meets.
#ifndef PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/store/store.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

struct TableFile {
  std::string path;
  std::string family;
  uint64_t bytes = 0;
};

// The table files of the store as it is now. They may go at any time: merges write others.
std::vector<TableFile> TablesOf(const Store& store);

// Reads the whole file, past RocksDB's caches. nullopt if it is intact, or if the store has no such file any more.
std::optional<Finding> CheckTable(const Store& store, const TableFile& table);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_
