// Gives the space of trimmed events back to the disk. For the housekeeping thread.
//
// It works in rounds. A round first walks the directory and adds up, for each slice, how much of it is alive: what is
// at or behind its instance's first kept cursor, as RocksDB estimates the size of that range of keys. Nothing of this
// is kept on disk: a restart begins with a round. On the way it removes directory entries of what is gone. Then
//
//   a slice in which nothing is alive      is dropped whole;
//   a slice that is mostly dead            has what is alive in it moved to the next slice, and is dropped;
//   commits whose events are all gone      are forgotten (storage/housekeeping/commit_forgetter.h).
//
// The newest slice, which is being written to, is let alone; when it is mostly dead and not small, wants_slice() asks
// for the next one, and the round after that takes it.
//
// Blocks move from the newest to the oldest of an instance, some at a time, each commit with the directory's change and
// the removal from the old slice. So at every moment each block is in one place, an instance's blocks still rise from
// slice to slice, and a crash at any point leaves nothing behind but a round to be made again. A slice is dropped only
// when no entry of the directory names it; readers that hold it go on reading it (storage/blocks/block_store.h).
#ifndef PLAYHEAD_STORAGE_HOUSEKEEPING_RECLAIMER_H_
#define PLAYHEAD_STORAGE_HOUSEKEEPING_RECLAIMER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/commit/commit_builder.h"
#include "storage/housekeeping/commit_forgetter.h"
#include "storage/stats_recorder.h"
#include "storage/store/directory.h"
#include "storage/store/store.h"

namespace playhead::storage {

// Not thread-safe: the housekeeping thread's, and so is every other change of blocks that are stored already.
class Reclaimer {
 public:
  // Commits changes and waits for it.
  using Write = absl::FunctionRef<absl::Status(FillBatch)>;

  // How much one step moves, and how many directory entries it looks at, about.
  static constexpr size_t kStepBytes = size_t{256} << 10;
  static constexpr size_t kStepEntries = 256;
  // A slice is worth moving once this share of it is dead, as one in so many.
  static constexpr uint64_t kDeadShare = 2;
  // The newest slice is closed early, if it is mostly dead, from this share of a full one on.
  static constexpr uint64_t kEarlyShare = 8;
  // While there are more slices than this, small ones (one part in so many of a full one) are joined to the next.
  static constexpr size_t kSlicesWanted = 32;
  static constexpr uint64_t kSmallShare = 16;

  Reclaimer(uint64_t slice_bytes, StatsRecorder* stats) : slice_bytes_(slice_bytes), stats_(stats) {}

  struct Step {
    bool round_ended = false;
    size_t moved_bytes = 0;
  };
  // Does a little: milliseconds. After an error the round begins anew. Whatever changed the store between two steps is
  // fine, a reopening included.
  absl::StatusOr<Step> Run(Store& store, Write write);

  // Whether the newest slice should be closed; true once for each round that found so.
  bool TakeWantsSlice() { return std::exchange(wants_slice_, false); }

 private:
  enum class Phase { kBegin, kSurvey, kMove, kCommits };
  struct Survey {
    uint64_t live_bytes = 0;
    uint64_t entries = 0;
  };

  absl::StatusOr<Step> RunPhase(Store& store, Write write);
  absl::Status SurveyPage(Store& store, Write write);
  absl::Status SurveyInstance(Store& store, const InstanceDirectory& directory,
                              std::map<uint32_t, std::vector<std::pair<std::string, std::string>>>& live,
                              std::vector<std::string>& stale);
  absl::Status Judge(Store& store);
  absl::StatusOr<size_t> MovePage(Store& store, Write write);
  // Moves the newest blocks that the instance has in the slice. Sets `left` if more are there.
  absl::StatusOr<size_t> MoveSome(Store& store, const InstanceDirectory& directory, Write write, bool& left);
  absl::Status Drop(Store& store, uint32_t slice);
  void NextSlice();

  const uint64_t slice_bytes_;
  StatsRecorder* const stats_;
  bool wants_slice_ = false;

  // Of the round.
  Phase phase_ = Phase::kBegin;
  uint32_t newest_ = 0;  // When it began.
  InstanceNumber from_;  // Where the walk over the directory goes on.
  std::map<uint32_t, Survey> survey_;
  // The next one last: the newest first, so that what is alive in the others moves once, past those that are gone.
  std::vector<uint32_t> to_move_;
  uint64_t target_bytes_ = 0;  // Moved into the same slice: a full one's worth at most, or a little more.
  bool undroppable_ = false;   // Of the slice that is being moved: a deleted instance is still to be erased from it.
  uint64_t moved_bytes_ = 0;   // Out of that slice.
  CommitForgetter commits_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_HOUSEKEEPING_RECLAIMER_H_
