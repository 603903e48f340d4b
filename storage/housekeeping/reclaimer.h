// Returns the space of trimmed events to the disk. For the housekeeping thread.
//
// It works in rounds. A round first scans the directory and adds up, for each slice, how much of it is alive: the
// blocks from their instance's first kept cursor on, with the size of that range of keys as RocksDB estimates it. These
// figures are not kept on disk: a restart begins with a new round. Along the way, it removes directory entries whose
// blocks are gone. Then
//
//   a slice in which nothing is alive      is dropped whole;
//   a slice that is mostly dead            has its live blocks moved to the next slice, and is dropped;
//   commits whose events are all gone      are forgotten (storage/housekeeping/commit_forgetter.h).
//
// The newest slice, which is being written to, is left alone; if it is mostly dead and not small, TakeWantsSlice() asks
// for the next slice, and the following round handles it.
//
// The blocks of an instance move from the newest to the oldest, some at a time; each commit also has the change of the
// directory and the removal from the old slice. So at every moment each block is in one place, an instance's blocks
// still increase from slice to slice, and a crash at any point only means that the round is repeated. A slice is
// dropped only when no entry of the directory names it; readers that hold it continue to read it
// (storage/blocks/block_store.h).
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

// Not thread-safe: used by the housekeeping thread only, which also makes every other change to stored blocks.
class Reclaimer {
 public:
  // Commits changes and waits until they are durable.
  using Write = absl::FunctionRef<absl::Status(FillBatch)>;

  // About how much one step moves, and how many directory entries it examines.
  static constexpr size_t kStepBytes = size_t{256} << 10;
  static constexpr size_t kStepEntries = 256;
  // A slice is worth moving once one in this many of its bytes is dead.
  static constexpr uint64_t kDeadShare = 2;
  // If the newest slice is mostly dead, it is closed early once it has one part in this many of a full slice.
  static constexpr uint64_t kEarlyShare = 8;
  // While there are more slices than this, small ones (less than one part in kSmallShare of a full one) are joined to
  // the next.
  static constexpr size_t kSlicesWanted = 32;
  static constexpr uint64_t kSmallShare = 16;

  Reclaimer(uint64_t slice_bytes, StatsRecorder* stats) : slice_bytes_(slice_bytes), stats_(stats) {}

  struct Step {
    bool round_ended = false;
    size_t moved_bytes = 0;
  };
  // Does one step, of some milliseconds. After an error the round starts over. The store may change in any way between
  // two steps, and may even be reopened.
  absl::StatusOr<Step> Run(Store& store, Write write);

  // Whether the newest slice should be closed; true once for each round that decided so.
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
  // Moves the newest blocks that the instance has in the slice. Sets `left` if the slice has more of them.
  absl::StatusOr<size_t> MoveSome(Store& store, const InstanceDirectory& directory, Write write, bool& left);
  absl::Status Drop(Store& store, uint32_t slice);
  void NextSlice();

  const uint64_t slice_bytes_;
  StatsRecorder* const stats_;
  bool wants_slice_ = false;

  // The state of the round.
  Phase phase_ = Phase::kBegin;
  uint32_t newest_ = 0;  // When it began.
  InstanceNumber from_;  // Where the scan of the directory continues.
  std::map<uint32_t, Survey> survey_;
  // Stack with the next slice last. The newest slice is moved first, so that the live blocks of the others move only
  // once, past those that are gone.
  std::vector<uint32_t> to_move_;
  uint64_t target_bytes_ = 0;  // Bytes moved into the same slice: at most about a full slice.
  bool undroppable_ = false;   // The slice being moved still contains a deleted instance that must be erased from it.
  uint64_t moved_bytes_ = 0;   // Out of that slice.
  CommitForgetter commits_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_HOUSEKEEPING_RECLAIMER_H_
