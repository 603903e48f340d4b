// An erasure as the store keeps it: what it looks for, its progress, and its row in `meta`.
#ifndef PLAYHEAD_STORAGE_STORE_ERASURE_JOB_H_
#define PLAYHEAD_STORAGE_STORE_ERASURE_JOB_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"
#include "storage/cursor.h"
#include "storage/erasures.h"
#include "storage/store/dedup_records.h"
#include "storage/types.h"

namespace playhead::storage {

// The events to erase. Ids and values are 128-bit hashes, like those of identities.
struct ErasureTarget {
  std::vector<std::string> instances;  // Sorted; none covers another.
  std::vector<Cursor> cursors;         // Increasing, without duplicates.
  absl::flat_hash_set<IdHash> ids;
  std::string attribute_key;
  IdHash attribute_value;

  static ErasureTarget Of(const ErasureRequest& request);
  bool CoversInstance(absl::string_view name) const;
  // REQUIRES: the event is one of an instance that this covers.
  bool MatchesEvent(Cursor cursor, const EventView& event) const;
};

// Whether an event is the stub of an erased event.
bool IsStub(const EventView& event);

struct ErasureJob {
  // The range of keys in one slice in which blocks were rewritten, both ends inclusive.
  struct KeyRange {
    std::string first;
    std::string last;
  };

  uint64_t id = 0;
  CommitPosition until;  // It covers the events stored by commits up to this one.
  ErasureTarget target;
  uint32_t cursor_count = 0;
  uint32_t id_count = 0;
  bool dry_run = false;
  ErasureState state = ErasureState::kQueued;
  Timestamp requested_at;
  Timestamp ended_at;
  ErasureProgress progress;
  // Its progress: the index in the target's `instances`, the current instance of that pattern, and the last cursor
  // done.
  uint32_t pattern = 0;
  std::string instance;
  Cursor after;
  std::map<uint32_t, KeyRange> rewritten;  // By slice.

  ErasureInfo info() const;
  // Ends the job, and forgets what it looked for.
  void End(ErasureState how, Timestamp now);
  void NoteRewritten(uint32_t slice, const std::string& key);
};

std::string ErasureJobKey(uint64_t id);
std::string Encode(const ErasureJob& job);
// DataLoss (DATA_LOSS) if it is not what Encode made.
absl::StatusOr<ErasureJob> DecodeErasureJob(absl::string_view value);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ERASURE_JOB_H_
