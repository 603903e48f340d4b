// Tally: the counts of a plan over the events it has scanned.
#ifndef PLAYHEAD_BROKER_REPLAY_TALLY_H_
#define PLAYHEAD_BROKER_REPLAY_TALLY_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "playhead/v1/replays.pb.h"
#include "storage/block.h"
#include "storage/types.h"

namespace playhead::broker::replay {

// Exact; the stubs of erased events are not counted. If a whole block of one type is taken, its header suffices;
// otherwise each event is examined. Not thread-safe.
class Tally {
 public:
  // Counts the events of slices, as a read returns them. Returns their number.
  uint64_t Add(absl::Span<const storage::BlockSlice> slices);

  uint64_t event_count() const { return event_count_; }

  // Sets the counted fields of `plan`, except `ranges`.
  void WriteTo(v1::ReplayPlan& plan) const;

 private:
  void AddEvents(absl::string_view events);
  void AddType(absl::string_view type, uint64_t count);
  void AddTimes(storage::Timestamp first, storage::Timestamp last);

  uint64_t event_count_ = 0;
  uint64_t event_bytes_ = 0;
  storage::Timestamp first_;
  storage::Timestamp last_;
  absl::flat_hash_map<std::string, uint64_t> types_;  // The first kTypesMax types found.
  uint64_t other_types_ = 0;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_TALLY_H_
