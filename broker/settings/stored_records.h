// Reads the records that a part of the broker keeps, when it starts.
#ifndef PLAYHEAD_BROKER_SETTINGS_STORED_RECORDS_H_
#define PLAYHEAD_BROKER_SETTINGS_STORED_RECORDS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/record_store.h"

namespace playhead::broker {

// Calls `take` for each row whose key starts with `prefix`, in the order of the keys; `take` may move parts out of the
// row. Ends with the first error that `take` or a scan (storage/record_store.h) returns. Blocks while it reads, so not
// for a thread of the log, nor for one that serves.
absl::Status ForEachRecord(storage::RecordStore& records, storage::RecordSpace space, absl::string_view prefix,
                           absl::FunctionRef<absl::Status(storage::Record&)> take);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SETTINGS_STORED_RECORDS_H_
