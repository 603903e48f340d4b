// Translates RocksDB's statuses into those of the contract.
#ifndef PLAYHEAD_STORAGE_STORE_ROCKSDB_STATUS_H_
#define PLAYHEAD_STORAGE_STORE_ROCKSDB_STATUS_H_

#include <rocksdb/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/errors.h"

namespace playhead::storage {

inline rocksdb::Slice ToSlice(absl::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); }
inline absl::string_view FromSlice(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Replaces a file's path in `text` by the file's name: clients must not see where the broker keeps its files.
inline std::string WithoutFolders(std::string text) {
  const size_t path = text.find(" /");
  if (path == std::string::npos) return text;
  // The text after the path may contain a slash too: "/data/000008.log: Input/output error".
  const size_t end = text.find(": ", path);
  text.erase(path + 1, text.rfind('/', end) - path);
  return text;
}

// The status of a failed read, also shown to clients: damage is DATA_LOSS; everything else may pass, and is
// STORE_UNAVAILABLE.
inline absl::Status ReadError(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  return MakeError(status.IsCorruption() ? Reason::kDataLoss : Reason::kStoreUnavailable,
                   absl::StrCat(what, ": ", WithoutFolders(status.ToString())));
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ROCKSDB_STATUS_H_
