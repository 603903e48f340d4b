// The EventLog on RocksDB. docs/architecture.md tells how its parts work together.
#ifndef PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_
#define PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/options.h"

namespace playhead::storage {

// Opens the store in `options.data_dir`, making it if the folder is empty or absent, and recovers what was
// acknowledged.
//   FailedPrecondition  the folder is in use by another broker, of a newer format, or not a store.
//   DataLoss            acknowledged data is damaged: says where. `accept_truncation` opens it all the same, without
//                       what lies behind the damage, and raises the epoch.
//   Otherwise           what the file system said.
absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksDbEventLog(const StoreOptions& options);

// Reads everything stored and tells what is wrong with it (storage/verify/verifier.h), while everything else goes on.
// Of this engine, and so no part of EventLog. One at a time. `listener` and `done` run on the job's thread; a refusal,
// inside the call. REQUIRES: `log` is one that OpenRocksDbEventLog gave.
//   ResourceExhausted  JOB_RUNNING.
//   Unavailable        SHUTTING_DOWN; STORE_UNAVAILABLE: not everything was checked.
void VerifyRocksDbEventLog(EventLog& log, VerifyOptions options, std::shared_ptr<JobControl> control,
                           VerifyListener listener, Callback<VerifyProgress> done);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_
