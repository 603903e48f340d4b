// AppendPipeline takes an append from its session to its answer:
//
//     session -> admit -> [ resolve, if disk must be read ] -> committer -> answer
//                              ^------- deferred: it repeats what was still on its way
//
// Every append of a session goes the whole way, also one that is refused at the first step: so the answers of a session
// keep the order of its calls. At most one resolving task works on a session, and what needs no resolving overtakes
// nothing of its own session.
//
// Thread safety: all methods, unless said otherwise.   Blocking: none but AwaitAnswers and Stop. Disk is read on the
// resolving threads only. Callbacks run on whichever committing thread has the answering role, one thread at a time.
// Bounds: what waits to be stored is at most options.append_queue_bytes_max; beyond that appends are refused.
#ifndef PLAYHEAD_STORAGE_COMMIT_APPEND_PIPELINE_H_
#define PLAYHEAD_STORAGE_COMMIT_APPEND_PIPELINE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/committer.h"
#include "storage/commit/current_store.h"
#include "storage/commit/disk_space.h"
#include "storage/commit/open_calls.h"
#include "storage/commit/pending_append.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "storage/instances/instance_table.h"
#include "storage/options.h"
#include "storage/stats_recorder.h"

namespace playhead::storage {

class AppendPipeline final : private Committer::Host {
 public:
  // The log that it is part of.
  // The store as it was opened again.
  struct Reopened {
    std::unique_ptr<CommitBuilder> builder;  // nullptr: it could not be.
    std::unique_ptr<Commit> news;            // What followers are to hear, as of a commit.
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // A commit is durable and published, or refused or failed as a whole. In commit order and before any of its
    // answers; only to be noted, since the next write waits.
    virtual void OnCommitted(const Commit& commit) = 0;
    // All of its answers were given. In commit order, on the answering thread.
    virtual void OnAnswered(const Commit& commit) = 0;
    // As Committer::Host::Reopen.
    virtual Reopened Reopen(const absl::Status& cause, const CommitBuilder::GivenOut& given_out) = 0;
  };

  // What it shares with the rest of the log.
  struct Parts {
    CurrentStore& store;
    InstanceTable& instances;
    DiskSpace& disk;
    Executor& resolvers;
    OpenCalls& calls;
    StatsRecorder& stats;
  };

  // `parts` and `owner` must outlive this; `parts.resolvers` is joined between Stop and the destructor.
  AppendPipeline(const StoreOptions& options, const Parts& parts, Owner* owner);

  // Begins to commit. Once, before anything else but set_listener.
  void Start(std::unique_ptr<CommitBuilder> builder);
  // At most one, set before the first append.
  void set_listener(CommitListener* listener) { listener_.store(listener, std::memory_order_release); }

  // A session that appends here, which may outlive this but not be used any more.
  std::unique_ptr<AppendSession> NewSession();
  // A change of another kind goes straight to the committer.
  void Submit(Committer::Command command) { committer_->Submit(std::move(command)); }

  // ResourceExhausted (APPEND_QUEUE_FULL) if `bytes` more may not wait to be stored.
  absl::Status CheckQueue(size_t bytes) const;
  // Counts what waits beside the appends, from when it is taken until it is answered.
  void AddQueued(size_t bytes) { queued_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void RemoveQueued(size_t bytes) { queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Waits until no thread answers. REQUIRES: every call has left `parts.calls`, so that none begins any more to do so
  // for a call.
  void AwaitAnswers() ABSL_LOCKS_EXCLUDED(answers_mu_);
  // Commits what is queued, then stops the committer.
  void Stop() { committer_.reset(); }

 private:
  class Session;

  // Committer::Host.
  void OnCompleted(std::unique_ptr<Commit> commit) override ABSL_LOCKS_EXCLUDED(answers_mu_);
  void AnswerCompleted() override ABSL_LOCKS_EXCLUDED(answers_mu_);
  std::unique_ptr<CommitBuilder> Reopen(const absl::Status& cause, const CommitBuilder::GivenOut& given_out) override;

  void Append(const std::shared_ptr<SessionState>& session, AppendBatch batch, Callback<AppendResult> done);
  absl::Status Admit(const PendingAppend& append);
  bool ResolveInMemory(PendingAppend& append);
  absl::Status Resolve(PendingAppend& append);
  void ResolveSession(const std::shared_ptr<SessionState>& session);
  // Puts what was deferred back into its place.
  void Requeue(std::vector<std::unique_ptr<PendingAppend>> deferred);
  void Answer(Commit& commit);
  void AnswerAppend(PendingAppend& append);
  bool NobodyAnswers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(answers_mu_) { return !answering_; }

  const StoreOptions options_;
  const Parts parts_;
  Owner* const owner_;
  // Atomic, for a log that opens may go on with deletions at once, and answer them while it is being set.
  std::atomic<CommitListener*> listener_{nullptr};
  std::atomic<size_t> queued_bytes_{0};

  absl::Mutex answers_mu_;
  std::deque<std::unique_ptr<Commit>> answers_ ABSL_GUARDED_BY(answers_mu_);  // As many as commits wait: few.
  bool answering_ ABSL_GUARDED_BY(answers_mu_) = false;

  std::unique_ptr<Committer> committer_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_APPEND_PIPELINE_H_
