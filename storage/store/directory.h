// The family `directory`, read in pages over all instances: which slices contain the blocks of each, from which cursor
// on.
#ifndef PLAYHEAD_STORAGE_STORE_DIRECTORY_H_
#define PLAYHEAD_STORAGE_STORE_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// Whether `key` can be the key of a row of the directory or of a slice (storage/key_codec.h). A read never continues
// from a key that cannot.
bool IsBlockKey(absl::string_view key);

// The instances from number `from` on, each with all its entries, up to about `entries_max` entries. Empty at the end.
//   DataLoss  an entry is malformed.
absl::StatusOr<std::vector<InstanceDirectory>> ReadDirectory(const Store& store, InstanceNumber from,
                                                             size_t entries_max);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_DIRECTORY_H_
