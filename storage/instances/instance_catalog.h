// The family `instances`: names, records and what is left of deleted names; and how an instance is loaded from disk.
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

// Reads what the store knows of `name`: its record and its last block. `number` is 0 if there is no such instance; then
// only epoch_base may be set.
absl::StatusOr<InstanceState> LoadInstance(const std::shared_ptr<const Store>& store, absl::string_view name);

// Keys of the family and its records, for code that looks at it as a whole. docs/on-disk-format.md, `instances`.
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

// Writes the record: when the instance is made, and when its bounds change otherwise than by an append (a trim, a new
// epoch). The head need not be current where blocks are left: it is read from the last of them.
void PutInstance(const Store& store, absl::string_view name, const InstanceState& state, rocksdb::WriteBatch& batch);

// Takes the instance out of the catalogue. Only a keyed hash of the name stays, with the epoch that its next life
// starts in.
void DeleteInstanceRecord(const Store& store, absl::string_view name, const InstanceState& state, uint32_t epoch_floor,
                          rocksdb::WriteBatch& batch);

// Up to `limit` instances whose names start with `prefix` and sort behind `after_name`; as EventLog::ListInstances.
absl::StatusOr<std::vector<InstanceInfo>> ListInstanceInfos(const std::shared_ptr<const Store>& store,
                                                            absl::string_view prefix, absl::string_view after_name,
                                                            size_t limit);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCES_INSTANCE_CATALOG_H_
