// Checks the table files of a store as files: each of their blocks against RocksDB's checksum. This covers blocks that
// no read reaches, since all their rows are obsolete, but that a merge still reads.
#ifndef PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/store/store.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

struct TableFile {
  std::string path;
  std::string family;
  uint64_t bytes = 0;
};

// The current table files of the store. They may disappear at any time, since merges replace them.
std::vector<TableFile> TablesOf(const Store& store);

// Reads the whole file, bypassing RocksDB's caches. nullopt if it is intact, or if the store no longer has the file.
// Unavailable (STORE_UNAVAILABLE) if this process may not read it (read_refusal.h).
absl::StatusOr<std::optional<Finding>> CheckTable(const Store& store, const TableFile& table);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_TABLE_CHECK_H_
