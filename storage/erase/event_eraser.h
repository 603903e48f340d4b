// Carries erasures of events out: the work behind storage/erasures.h. For the housekeeping thread.
//
// One at a time, in the order of their numbers: it walks the blocks that an erasure reaches and puts those with events
// to erase back with stubs, each under its own key; blocks and progress go out in the same commit, so that a restart
// goes on exactly where this one was. Those that got through then share one rewriting of the files that held them.
// What was trimmed is erased with the rest for as long as it is stored, but not counted: nobody reads it any more.
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
  // A change for the committer, and the waiting until it is durable.
  using Build = absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&>;
  using RunCommand = absl::FunctionRef<absl::Status(Build)>;
  // Removes the bytes of the instances that are deleted by now: the rest of what an erasure covers.
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

  // Does all that is queued or was begun, and forgets what ended long ago. May be cut off at any point: what is left
  // goes on with the next call, in this process or another. Ends early, with an error, once `canceled`.
  absl::Status Run();

 private:
  // Blocks that wait to be replaced.
  struct Pending {
    std::vector<BlockReplacement> blocks;
    size_t bytes = 0;
    uint64_t erased_events = 0;
  };

  absl::Status Erase(ErasureJob& job);
  absl::Status ErasePattern(ErasureJob& job, const std::string& pattern);
  absl::Status EraseInstance(ErasureJob& job, const std::string& name);
  // Goes through about a few MiB of the instance's blocks behind `job.after`; `ended` if there are no more.
  absl::Status EraseSome(ErasureJob& job, const std::shared_ptr<LogInstance>& instance, bool& ended);
  // `first` is the first kept cursor of the instance.
  void EraseBlock(ErasureJob& job, const StoredBlocks& at, Cursor first, Pending& pending);
  // Notes that files are to be rewritten that may hold a block with this key, which lies in `slice`.
  void NoteRewritten(ErasureJob& job, uint32_t slice, const std::string& key) const;
  // Commits what is pending and how far the erasure is, now and then also without the former.
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
  // Slices whose files may still hold blocks that were moved out of them. As of the erasure at work: only this thread
  // moves any.
  std::vector<uint32_t> moved_from_;
  absl::Time last_saved_ = absl::InfinitePast();
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASE_EVENT_ERASER_H_
