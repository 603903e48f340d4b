// The family `instances`: names, records and the traces of deleted names; and how an instance is loaded from disk.
#ifndef PLAYHEAD_STORAGE_INSTANCES_INSTANCE_CATALOG_H_
#define PLAYHEAD_STORAGE_INSTANCES_INSTANCE_CATALOG_H_

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/instances/instance_table.h"
#include "storage/instances/log_instance.h"
#include "storage/store/store.h"

namespace playhead::storage {

// Loads the state of `name` from its record and its last block. `number` is 0 if there is no such instance; then only
// epoch_base may be set.
absl::StatusOr<InstanceState> LoadInstance(const std::shared_ptr<const Store>& store, absl::string_view name);

// Keys and records of the family, for code that processes it as a whole. docs/on-disk-format.md, `instances`.
namespace catalogue_key {
inline constexpr char kName = 'N';    // + name -> record.
inline constexpr char kNumber = '#';  // + number (6) -> name.
}  // namespace catalogue_key
std::string InstanceNameKey(absl::string_view name);
std::string InstanceNumberKey(InstanceNumber number);
// A record as it stands, without what the last block says.   DataLoss  it is damaged.
absl::StatusOr<InstanceState> DecodeInstanceRecord(absl::string_view record);

// The instance from `table`, where it is put if it must be loaded.   Errors as of LogInstance::CheckLoaded.
absl::StatusOr<std::shared_ptr<LogInstance>> FindInstance(InstanceTable& table,
                                                          const std::shared_ptr<const Store>& store,
                                                          absl::string_view name);

// The first cursor that the last trim kept; Cursor() if there was none. nullopt if the instance is not in the
// catalogue.
absl::StatusOr<std::optional<Cursor>> FirstKept(const Store& store, InstanceNumber number);
// The name of the instance with this number; empty if there is none.
absl::StatusOr<std::string> FindInstanceName(const Store& store, InstanceNumber number);

// Writes the record: when the instance is created, and when its bounds change other than by an append (a trim, a new
// epoch). The head need not be current if the instance has blocks: it is read from the last of them.
void PutInstance(const Store& store, absl::string_view name, const InstanceState& state, rocksdb::WriteBatch& batch);

// Removes the instance from the catalogue. Only a keyed hash of the name stays, with the epoch in which its next life
// starts.
void DeleteInstanceRecord(const Store& store, absl::string_view name, const InstanceState& state, uint32_t epoch_floor,
                          rocksdb::WriteBatch& batch);

// Up to `limit` instances whose names start with `prefix` and sort after `after_name`, as EventLog::ListInstances.
absl::StatusOr<std::vector<InstanceInfo>> ListInstanceInfos(const std::shared_ptr<const Store>& store,
                                                            absl::string_view prefix, absl::string_view after_name,
                                                            size_t limit);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCES_INSTANCE_CATALOG_H_
