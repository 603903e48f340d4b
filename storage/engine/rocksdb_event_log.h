// The EventLog on RocksDB. docs/architecture.md explains how its parts work together.
#ifndef PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_
#define PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/options.h"

namespace playhead::storage {

// Opens the store in `options.data_dir`, creating it if the folder is empty or absent, and recovers all acknowledged
// data.
//   FailedPrecondition  the folder is in use by another broker, of a newer format, or not a store.
//   DataLoss            acknowledged data is damaged; the message says where. With `accept_truncation` the store is
//                       opened anyway, without the data after the damage, and the epoch is raised.
//   Otherwise           an error of the file system.
absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksDbEventLog(const StoreOptions& options);

// Reads everything stored and reports what is wrong with it (storage/verify/verifier.h), while everything else goes on.
// Specific to this engine, and therefore not part of EventLog. One at a time. `listener` and `done` run on the job's
// thread; a refusal, inside the call. REQUIRES: `log` was returned by OpenRocksDbEventLog.
//   ResourceExhausted  JOB_RUNNING.
//   Unavailable        SHUTTING_DOWN; STORE_UNAVAILABLE: not everything was checked.
void VerifyRocksDbEventLog(EventLog& log, VerifyOptions options, std::shared_ptr<JobControl> control,
                           VerifyListener listener, Callback<VerifyProgress> done);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ENGINE_ROCKSDB_EVENT_LOG_H_
