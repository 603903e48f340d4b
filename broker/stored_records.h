// The records that a part of the broker keeps, read when it starts.
#ifndef PLAYHEAD_BROKER_STORED_RECORDS_H_
#define PLAYHEAD_BROKER_STORED_RECORDS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/record_store.h"

namespace playhead::broker {

// Calls `take` for each row whose key starts with `prefix`, in the order of the keys; it may move the row's parts out.
// Ends with the first error that `take` returns, or that a scan does (storage/record_store.h). Blocks until each page
// is read, so not for a thread of the log, nor for one that serves.
absl::Status ForEachRecord(storage::RecordStore& records, storage::RecordSpace space, absl::string_view prefix,
                           absl::FunctionRef<absl::Status(storage::Record&)> take);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_STORED_RECORDS_H_
