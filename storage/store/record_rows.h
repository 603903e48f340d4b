// The rows of a RecordStore in their column families: checked, written and read.
#ifndef PLAYHEAD_STORAGE_STORE_RECORD_ROWS_H_
#define PLAYHEAD_STORAGE_STORE_RECORD_ROWS_H_

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/record_store.h"
#include "storage/store/store.h"

namespace playhead::storage {

// InvalidArgument (MALFORMED_REQUEST) as for RecordStore::Write.
absl::Status CheckRecordChanges(const std::vector<RecordChange>& changes);

// The size of the changes in a commit, in bytes.
size_t RecordBytes(const std::vector<RecordChange>& changes);

void PutRecordChanges(const Store& store, const std::vector<RecordChange>& changes, rocksdb::WriteBatch& batch);

// As RecordStore::Scan.
absl::StatusOr<std::vector<Record>> ScanRecords(const Store& store, RecordSpace space, absl::string_view prefix,
                                                absl::string_view after_key, size_t limit);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_RECORD_ROWS_H_
