// An erasure as the store keeps it: what it looks for, how far it is, and its row in `meta`.
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

// Which events. Ids and values as 128-bit hashes, as identities are kept.
struct ErasureTarget {
  std::vector<std::string> instances;  // In order; none covers another.
  std::vector<Cursor> cursors;         // Rising, each once.
  absl::flat_hash_set<IdHash> ids;
  std::string attribute_key;
  IdHash attribute_value;

  static ErasureTarget Of(const ErasureRequest& request);
  bool CoversInstance(absl::string_view name) const;
  // REQUIRES: the event is one of an instance that this covers.
  bool MatchesEvent(Cursor cursor, const EventView& event) const;
};

// Whether an event is what an erasure left.
bool IsStub(const EventView& event);

struct ErasureJob {
  // The keys of one slice between which blocks were rewritten, both inclusive.
  struct KeyRange {
    std::string first;
    std::string last;
  };

  uint64_t id = 0;
  CommitPosition until;  // It covers what commits up to this one stored.
  ErasureTarget target;
  uint32_t cursor_count = 0;
  uint32_t id_count = 0;
  bool dry_run = false;
  ErasureState state = ErasureState::kQueued;
  Timestamp requested_at;
  Timestamp ended_at;
  ErasureProgress progress;
  // How far it is: which of the target's `instances`, which instance of those, and up to which of its cursors.
  uint32_t pattern = 0;
  std::string instance;
  Cursor after;
  std::map<uint32_t, KeyRange> rewritten;  // By slice.

  ErasureInfo info() const;
  // Forgets what it looked for.
  void End(ErasureState how, Timestamp now);
  void NoteRewritten(uint32_t slice, const std::string& key);
};

std::string ErasureJobKey(uint64_t id);
std::string Encode(const ErasureJob& job);
// DataLoss (DATA_LOSS) if it is not what Encode made.
absl::StatusOr<ErasureJob> DecodeErasureJob(absl::string_view value);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ERASURE_JOB_H_
