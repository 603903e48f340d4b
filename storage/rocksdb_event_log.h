// The EventLog on RocksDB. docs/architecture.md tells how its parts work together.
#ifndef PLAYHEAD_STORAGE_ROCKSDB_EVENT_LOG_H_
#define PLAYHEAD_STORAGE_ROCKSDB_EVENT_LOG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/options.h"

namespace playhead::storage {

// Opens the store in `options.data_dir`, making it if the folder is empty or absent, and recovers what was
// acknowledged.
//   FailedPrecondition  the folder is in use by another broker, of a newer format, or not a store.
//   DataLoss            acknowledged data is damaged: says where. `accept_truncation` opens it all the same, without
//   what
//                       lies behind the damage, and raises the epoch.
//   Otherwise           what the file system said.
absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksDbEventLog(const StoreOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ROCKSDB_EVENT_LOG_H_
