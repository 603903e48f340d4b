// Carries out erasures of events (storage/erasures.h). For the housekeeping thread.
//
// Erasures are carried out one at a time, in the order of their numbers: each block with events to erase is replaced,
// under its own key, by one with stubs. Blocks and progress are written in the same commit, so a restart continues
// exactly where this run was. The erasures that are done with this then share one rewriting of the files that contained
// the events. Trimmed events are also erased for as long as they are stored, but not counted, since nobody can read
// them.
#ifndef PLAYHEAD_STORAGE_ERASE_EVENT_ERASER_H_
#define PLAYHEAD_STORAGE_ERASE_EVENT_ERASER_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/blocks/stored_blocks.h"
#include "storage/commit/commit_builder.h"
#include "storage/instances/instance_table.h"
#include "storage/stats_recorder.h"
#include "storage/store/erasure_job.h"
#include "storage/store/store.h"

namespace playhead::storage {

class EventEraser {
 public:
  // Runs a change on the committer, and waits until it is durable.
  using Build = absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&>;
  using RunCommand = absl::FunctionRef<absl::Status(Build)>;
  // Removes the bytes of the instances that are deleted by now, which an erasure covers, too.
  using EraseDeleted = absl::FunctionRef<absl::Status()>;

  // All must outlive this.
  EventEraser(std::shared_ptr<Store> store, InstanceTable& instances, StatsRecorder& stats, std::atomic<bool>& canceled,
              RunCommand run_command, EraseDeleted erase_deleted)
      : store_(std::move(store)),
        instances_(instances),
        stats_(stats),
        canceled_(canceled),
        run_command_(run_command),
        erase_deleted_(erase_deleted) {}

  // Carries out all erasures that are queued or were begun, and forgets those that ended long ago. May be cut off at
  // any point: the next call continues, in this process or another. Ends early, with an error, once `canceled` is true.
  absl::Status Run();

 private:
  // Blocks to be replaced by the next write.
  struct Pending {
    std::vector<BlockReplacement> blocks;
    size_t bytes = 0;
    uint64_t erased_events = 0;
  };

  absl::Status Erase(ErasureJob& job);
  absl::Status ErasePattern(ErasureJob& job, const std::string& pattern);
  absl::Status EraseInstance(ErasureJob& job, const std::string& name);
  // Processes a few MiB of the instance's blocks after `job.after`; sets `ended` if there are no more.
  absl::Status EraseSome(ErasureJob& job, const std::shared_ptr<LogInstance>& instance, bool& ended);
  // `first` is the first kept cursor of the instance.
  void EraseBlock(ErasureJob& job, const StoredBlocks& at, Cursor first, Pending& pending);
  // Notes that the files of `slice` that may contain a block with this key must be rewritten.
  void NoteRewritten(ErasureJob& job, uint32_t slice, const std::string& key) const;
  // Commits the pending blocks and the progress; from time to time also progress alone.
  absl::Status Save(ErasureJob& job, const std::shared_ptr<LogInstance>& instance, Pending pending);
  absl::Status Purge(std::vector<ErasureJob> jobs);
  absl::Status ForgetExpired();
  absl::Status PutRow(const ErasureJob& job);

  const std::shared_ptr<Store> store_;
  InstanceTable& instances_;
  StatsRecorder& stats_;
  std::atomic<bool>& canceled_;
  const RunCommand run_command_;
  const EraseDeleted erase_deleted_;
  // Slices whose files may still contain blocks that were moved out of them. Valid for the current erasure, since only
  // this thread moves blocks.
  std::vector<uint32_t> moved_from_;
  absl::Time last_saved_ = absl::InfinitePast();
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASE_EVENT_ERASER_H_
