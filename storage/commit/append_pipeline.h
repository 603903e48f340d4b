// AppendPipeline takes an append from its session to its answer:
//
//     session -> admit -> [ resolve, if disk must be read ] -> committer -> answer
//                              ^------- deferred: it repeats an append that was still in flight
//
// Every append passes all steps, even if the first one refuses it, so that the answers of a session keep the order of
// its calls. At most one resolving task works on a session, and an append that needs no resolving does not overtake
// earlier ones of its session.
//
// Thread safety: all methods, unless said otherwise.   Blocking: only AwaitAnswers and Stop. Disk is read only on the
// resolving threads. Callbacks run on the committing thread that has the answering role, one thread at a time.
// Bounds: at most options.append_queue_bytes_max wait to be stored; beyond that, appends are refused.
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
  // The result of reopening the store.
  struct Reopened {
    std::unique_ptr<CommitBuilder> builder;  // nullptr if that failed.
    std::unique_ptr<Commit> news;            // What followers must be told, as if a commit had done it.
  };

  // The log that owns the pipeline.
  class Owner {
   public:
    virtual ~Owner() = default;
    // A commit is durable and published, or refused or failed as a whole. Called in commit order, before any of its
    // answers. Must be quick: the next write waits for it.
    virtual void OnCommitted(const Commit& commit) = 0;
    // All answers of the commit were given. Called in commit order, on the answering thread.
    virtual void OnAnswered(const Commit& commit) = 0;
    // As Committer::Host::Reopen.
    virtual Reopened Reopen(const absl::Status& cause, const CommitBuilder::GivenOut& given_out) = 0;
  };

  // Parts shared with the rest of the log.
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

  // Starts committing. Call once, before all other methods but set_listener.
  void Start(std::unique_ptr<CommitBuilder> builder);
  // Sets the only listener. Call before the first append.
  void set_listener(CommitListener* listener) { listener_.store(listener, std::memory_order_release); }

  // A new session. It may outlive the pipeline, but must then not be used.
  std::unique_ptr<AppendSession> NewSession();
  // Passes another kind of change directly to the committer.
  void Submit(Committer::Command command) { committer_->Submit(std::move(command)); }

  // ResourceExhausted (APPEND_QUEUE_FULL) if the queue has no room for `bytes`.
  absl::Status CheckQueue(size_t bytes) const;
  // Count other waiting changes besides the appends, from when they are accepted until they are answered.
  void AddQueued(size_t bytes) { queued_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void RemoveQueued(size_t bytes) { queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Waits until no thread is answering. REQUIRES: every call has left `parts.calls`, so that no new answers begin.
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
  // Puts deferred appends back into their sessions, in order.
  void Requeue(std::vector<std::unique_ptr<PendingAppend>> deferred);
  void Answer(Commit& commit);
  void AnswerAppend(PendingAppend& append);
  bool NobodyAnswers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(answers_mu_) { return !answering_; }

  const StoreOptions options_;
  const Parts parts_;
  Owner* const owner_;
  // Atomic, because a log that opens may resume deletions at once, and answer them while the listener is being set.
  std::atomic<CommitListener*> listener_{nullptr};
  std::atomic<size_t> queued_bytes_{0};

  absl::Mutex answers_mu_;
  std::deque<std::unique_ptr<Commit>> answers_ ABSL_GUARDED_BY(answers_mu_);  // Commits to answer; few.
  bool answering_ ABSL_GUARDED_BY(answers_mu_) = false;

  std::unique_ptr<Committer> committer_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_APPEND_PIPELINE_H_
