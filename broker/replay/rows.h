// How replays are stored on disk: see docs/on-disk-format.md.
#ifndef PLAYHEAD_BROKER_REPLAY_ROWS_H_
#define PLAYHEAD_BROKER_REPLAY_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "broker/replay/range.h"
#include "playhead/store/v1/replay_record.pb.h"
#include "storage/record_store.h"

namespace playhead::broker::replay {

// The changes that write a new replay.
std::vector<storage::RecordChange> NewChanges(const store::v1::ReplayRecord& record, absl::Span<const Range> ranges);

// The changes that write the progress of a replay. For one that has ended, `ended_ranges` is the number of its ranges,
// whose rows are deleted.
std::vector<storage::RecordChange> ProgressChanges(const store::v1::ReplayRecord& record, size_t ended_ranges);

// The change that forgets an ended replay.
storage::RecordChange ForgetChange(const std::string& id);

// A replay as it was last written; without ranges if it has ended.
struct StoredReplay {
  store::v1::ReplayRecord record;
  std::vector<Range> ranges;
};

// Loads all replays. Blocks until they are read; not on a thread of the log.
//   DataLoss  a row is damaged.    and as RecordStore::Scan.
absl::StatusOr<std::vector<StoredReplay>> LoadReplays(storage::RecordStore& records);

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_ROWS_H_
