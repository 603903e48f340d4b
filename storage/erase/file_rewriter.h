// Takes bytes that the store has deleted or replaced out of its files. For background threads: rewriting takes long.
#ifndef PLAYHEAD_STORAGE_ERASE_FILE_REWRITER_H_
#define PLAYHEAD_STORAGE_ERASE_FILE_REWRITER_H_

#include <rocksdb/db.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/commit/commit_builder.h"
#include "storage/store/store.h"

namespace playhead::storage {

// A part of a family: the files that hold keys from `first` to `last`; all of them if both are empty.
struct FileRange {
  FamilyHandle family;
  std::string first;
  std::string last;
};

// The whole of a fixed family.
FileRange WholeFamily(const Store& store, Family family);

// Rewrites the files of `ranges` without what is no longer in the store, then drops every write-ahead log that held it:
// each goes once all families have flushed what it holds. First it waits until the last snapshot of the store is let go
// of that is older than the call, for such a one keeps alive what it sees; in the end until the old files are deleted,
// but for no longer than half a second: a backup that is being made holds them. Ends early, with an error, once
// `canceled`. `write` has the committer write a batch, and waits for it.
absl::Status RewriteFiles(const Store& store, absl::Span<const FileRange> ranges, std::atomic<bool>& canceled,
                          absl::FunctionRef<absl::Status(FillBatch)> write);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASE_FILE_REWRITER_H_
