// Committer is the only writer of the store: it takes appends in the order of their submission, writes many of them
// with one sync, publishes them to readers, and hands the answers over.
//
// Three threads share three roles. A thread that has finished one role takes the next, so that commits are not passed
// between threads, the next commit is built while the last one syncs, and callbacks never delay a commit:
//
//     queue -> [ build ] -> [ write: WAL, sync, memtable, publish ] -> [ answer: listener, callbacks ]
//
// Each role has at most one thread at a time. So commits are written in the order in which they were built, and
// answered in the order in which they were written. At most one unsynced write exists at a time, which allows recovery
// to tell a torn tail from rot. A commit is built ahead only if enough work is queued; otherwise more appends can join
// it while the disk is busy.
//
// Guarantees: an event is readable only after it is durable; cursors of one instance have no holes within an epoch.
// Thread safety: Submit* may be called from any thread.   Blocking: none.
// After a failed write its commit, and one built upon it, fail as "may have been stored"; what is still queued fails as
// not stored. Then the host must reopen the store: the state in memory is no longer trusted.
#ifndef PLAYHEAD_STORAGE_COMMIT_COMMITTER_H_
#define PLAYHEAD_STORAGE_COMMIT_COMMITTER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/commit_builder.h"
#include "storage/commit/pending_append.h"
#include "storage/steady_cond_var.h"

namespace playhead::storage {

class Committer {
 public:
  // What a committer needs of its owner.
  class Host {
   public:
    virtual ~Host() = default;
    // A commit is durable and published, or refused or failed as a whole: its answers are due. Called in commit order.
    // Must be quick: the next write waits for it.
    virtual void OnCompleted(std::unique_ptr<Commit> commit) = 0;
    // Runs the answers that are due, unless another thread does.
    virtual void AnswerCompleted() = 0;
    // The write failed: closes the store, reopens it and reloads the instances in memory, as far as they can be read.
    // nullptr if it could not be opened; this is then called again after a while.
    virtual std::unique_ptr<CommitBuilder> Reopen(const absl::Status& cause,
                                                  const CommitBuilder::GivenOut& given_out) = 0;
  };

  // Another kind of change: `build` adds it to the commit being built, together with `done`.
  struct Command {
    absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&> build;
    StatusCallback done;
    size_t bytes = 0;  // The size of the change, if that is more than a few rows.
  };

  // `host` must outlive this.
  Committer(const StoreOptions& options, std::unique_ptr<CommitBuilder> builder, Host* host);
  // Commits what is queued, then stops.
  ~Committer();

  void Submit(std::unique_ptr<PendingAppend> append) ABSL_LOCKS_EXCLUDED(mu_);
  void Submit(Command command) ABSL_LOCKS_EXCLUDED(mu_);

  // The number of the last commit that is durable.
  uint64_t durable_commit() const { return durable_commit_.load(std::memory_order_acquire); }

 private:
  using Work = std::variant<std::unique_ptr<PendingAppend>, Command>;

  static size_t BytesOf(const Work& work);
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  void Enqueue(Work work) ABSL_LOCKS_EXCLUDED(mu_);
  bool MayBuild() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayRefuse() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::deque<Work> TakeWork(size_t bytes_max) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Puts work that was not built back at the front of the queue.
  void PutBack(std::deque<Work> works) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Builds from the front of `works` until the commit is full; at least one.
  std::unique_ptr<Commit> Build(std::deque<Work>& works);
  absl::Status Write(Commit& commit);
  void Fail(std::unique_ptr<Commit> commit, const absl::Status& error);
  // Fails a commit that may be on disk although writing it failed with `cause`, or that was built upon such a commit.
  void FailUncertain(std::unique_ptr<Commit> commit, const absl::Status& cause);
  // Both release the lock meanwhile.
  void FailQueue(const absl::Status& error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailAndReopen(std::unique_ptr<Commit> commit, const absl::Status& cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const StoreOptions options_;
  Host* const host_;
  // Used by the thread that builds, or the one that reopens while none builds.
  std::unique_ptr<CommitBuilder> builder_;
  std::atomic<uint64_t> durable_commit_{0};

  absl::Mutex mu_;
  absl::CondVar may_build_;
  absl::CondVar may_write_;
  absl::CondVar built_;
  SteadyCondVar stop_;
  std::deque<Work> queue_ ABSL_GUARDED_BY(mu_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::unique_ptr<Commit> void_commit_ ABSL_GUARDED_BY(mu_);  // Built upon a write that failed.
  bool building_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);    // Of the last write, until the store is reopened.
  bool reopening_ ABSL_GUARDED_BY(mu_) = false;  // New work is refused.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread threads_[3];
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_COMMITTER_H_
