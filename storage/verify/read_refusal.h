// Distinguishes files that the operating system does not let this process read from damage.
//
// No permission (EACCES, EPERM) and too few file descriptors (EMFILE, ENFILE) say nothing about a file's content: a
// verification ends with an error. Other failures, above all I/O errors of the disk (EIO), are findings where the store
// is opened, a family is scanned or a table file is checked: the bytes cannot be had, and the remedy is the same as for
// damage. Where the write-ahead log is read or a single row looked up, they end the verification too.
#ifndef PLAYHEAD_STORAGE_VERIFY_READ_REFUSAL_H_
#define PLAYHEAD_STORAGE_VERIFY_READ_REFUSAL_H_

#include <rocksdb/status.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

// Whether an error text of RocksDB, which has no codes for these errors, contains that of one of them: "IO error: While
// open a file for random read: /data/000012.sst: Permission denied".
inline bool IsReadRefusal(absl::string_view text) {
  for (const int error : {EACCES, EPERM, EMFILE, ENFILE}) {
    if (absl::StrContains(text, absl::StrCat(": ", std::generic_category().message(error)))) return true;
  }
  return false;
}

// Unavailable (STORE_UNAVAILABLE) if the read was refused; otherwise OK.
inline absl::Status ReadRefusal(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (!IsReadRefusal(text)) return absl::OkStatus();
  return MakeError(Reason::kStoreUnavailable, absl::StrCat(what, ": ", WithoutFolders(text)));
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_READ_REFUSAL_H_
