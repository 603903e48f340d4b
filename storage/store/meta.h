// The family `meta`: a handful of named values about the whole store.
#ifndef PLAYHEAD_STORAGE_STORE_META_H_
#define PLAYHEAD_STORAGE_STORE_META_H_

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store/store.h"

namespace playhead::storage {

// The version of everything on disk. Older versions known to this build are upgraded when opened; newer are refused.
inline constexpr uint32_t kFormatVersion = 1;

namespace meta_key {
inline constexpr char kFormat[] = "format";                 // u64
inline constexpr char kInstanceLast[] = "instance_last";    // u64: the highest instance number ever given.
inline constexpr char kInstanceCount[] = "instance_count";  // u64
inline constexpr char kEpochFloor[] = "epoch_floor";  // u64: a log's next epoch is at least this, plus its own base.
inline constexpr char kCommitsFirst[] = "commits_first";  // u64: rows of commits before it may be gone.
// u64: how often such rows went, from 2 on; + instance number -> u64, u64: the last of them with trimmed events of it,
// and when that went; u64: before it rows went without that being noted. storage/store/forgotten_commits.h.
inline constexpr char kForgettings[] = "commits_forgettings";
inline constexpr char kForgottenPrefix[] = "commits_forgotten.";
inline constexpr char kCommitsUnattributed[] = "commits_unattributed";
inline constexpr char kCommitsEndPrefix[] = "commits_end.";  // + epoch floor, as text -> u64: the last commit under it.
inline constexpr char kNameHashKey[] = "name_hash_key";      // 32 bytes: keys the hashes of deleted names.
inline constexpr char kErasurePrefix[] = "erasure.";         // + instance number: its bytes are still to be erased.
// + time (8) -> u64, the same: what rows of `consumers` and `keys` held that were changed or deleted by then may be in
// the files. Never the key of a row that is already due: written times only rise.
inline constexpr char kRecordsPurgePrefix[] = "records_purge.";
inline constexpr char kEventErasurePrefix[] = "event_erasure.";    // + number (8): an erasure of events.
inline constexpr char kEventErasureLast[] = "event_erasure_last";  // u64: the highest number ever given to one.
}  // namespace meta_key

// nullopt if it was never set.
absl::StatusOr<std::optional<std::string>> GetMeta(const Store& store, absl::string_view key);

// An integer; `fallback` if it was never set.
absl::StatusOr<uint64_t> GetMetaNumber(const Store& store, absl::string_view key, uint64_t fallback);

void PutMetaNumber(const Store& store, absl::string_view key, uint64_t value, rocksdb::WriteBatch& batch);

// Records where the commits under the previous epoch floor ended, once the floor has been raised, since the rows that
// show it may be forgotten. `last` is the last commit of the store.
absl::Status NoteCommitsEnd(const Store& store, CommitPosition last, uint32_t epoch_floor);
// The last commit under an earlier epoch floor; 0 if there was none.
absl::StatusOr<CommitPosition> CommitsEnd(const Store& store, uint32_t epoch_floor);

// For when part of the history may be gone, while clients may hold cursors of it: from here on, no log continues in an
// epoch that it was in. Synced when this returns.
//   FailedPrecondition  no epochs are left.
absl::Status RaiseEpochFloor(const Store& store);
// The same, to `floor`. REQUIRES: `floor` is higher than the store's.
absl::Status RaiseEpochFloorTo(const Store& store, uint64_t floor);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_META_H_
