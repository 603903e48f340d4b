// The family `directory`, read in pages over all instances: which slice holds the blocks of each, from which cursor on.
#ifndef PLAYHEAD_STORAGE_STORE_DIRECTORY_H_
#define PLAYHEAD_STORAGE_STORE_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/cursor.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

struct DirectoryEntry {
  Cursor first;  // The slice has the blocks from here on, up to the next entry.
  uint32_t slice;
};

struct InstanceDirectory {
  InstanceNumber instance;
  std::vector<DirectoryEntry> entries;  // In the order of their cursors; not empty.
};

// The instances from number `from` on, each with all its entries, until there are about `entries_max`. Empty at the
// end.
absl::StatusOr<std::vector<InstanceDirectory>> ReadDirectory(const Store& store, InstanceNumber from,
                                                             size_t entries_max);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_DIRECTORY_H_
