// Removes bytes that the store has deleted or replaced from its files. For background threads: rewriting takes long.
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

// A part of a family: the files that contain keys from `first` to `last`; all of its files if both are empty.
struct FileRange {
  FamilyHandle family;
  std::string first;
  std::string last;
};

// The whole of a fixed family.
FileRange WholeFamily(const Store& store, Family family);

// Rewrites the files of `ranges` without data that is no longer in the store, then drops every write-ahead log that
// contained it; each is dropped once all families have flushed its data. First waits until no snapshot of the store
// that is older than the call is left, since a snapshot keeps the data it sees alive. At the end, waits until the old
// files are deleted, but for at most five seconds, since a running backup keeps them. Ends early, with an error, once
// `canceled` is true. `write` makes the committer write a batch, and waits for it.
absl::Status RewriteFiles(const Store& store, absl::Span<const FileRange> ranges, std::atomic<bool>& canceled,
                          absl::FunctionRef<absl::Status(FillBatch)> write);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASE_FILE_REWRITER_H_
