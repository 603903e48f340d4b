// Carries erasures of events out: the work behind storage/erasures.h. For the housekeeping thread.
//
// One at a time, in the order of their numbers: it walks the blocks that an erasure reaches and puts those with events
// to erase back with stubs, each under its own key; blocks and progress go out in the same commit, so that a restart
// goes on exactly where this one was. Those that got through then share one rewriting of the files that held them.
#ifndef PLAYHEAD_STORAGE_EVENT_ERASER_H_
#define PLAYHEAD_STORAGE_EVENT_ERASER_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/commit_builder.h"
#include "storage/erasure_job.h"
#include "storage/instance_table.h"
#include "storage/stats_recorder.h"
#include "storage/store.h"

namespace playhead::storage {

class EventEraser {
 public:
  // A change for the committer, and the waiting until it is durable.
  using Build = absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&>;
  using RunCommand = absl::FunctionRef<absl::Status(Build)>;

  // All must outlive this.
  EventEraser(std::shared_ptr<Store> store, InstanceTable& instances, StatsRecorder& stats, std::atomic<bool>& canceled,
              RunCommand run_command)
      : store_(std::move(store)),
        instances_(instances),
        stats_(stats),
        canceled_(canceled),
        run_command_(run_command) {}

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
  void EraseBlock(ErasureJob& job, const BlockIterator& at, Pending& pending);
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
  absl::Time last_saved_ = absl::InfinitePast();
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_EVENT_ERASER_H_
