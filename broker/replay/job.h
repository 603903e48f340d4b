// Job: one replay that sends events: reads the ranges, keeps the rate, waits for each event's confirmation, and records
// its progress.
#ifndef PLAYHEAD_BROKER_REPLAY_JOB_H_
#define PLAYHEAD_BROKER_REPLAY_JOB_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "broker/auth/token_bucket.h"
#include "broker/core.h"
#include "broker/replay/range.h"
#include "broker/replay/target.h"
#include "playhead/store/v1/replay_record.pb.h"
#include "playhead/v1/replays.pb.h"
#include "storage/event_log.h"

namespace playhead::broker::replay {

// Events are sent at least once and in order: each is sent after the previous one was confirmed. Progress is written
// every kSaveInterval and whenever the state changes.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: keeps itself alive while
// anything is in progress; borrows what `core` refers to.
class Job : public std::enable_shared_from_this<Job> {
 public:
  // `record` says where to continue. `ended` runs, not under a lock, once the replay has ended and that is written.
  Job(const Core& core, store::v1::ReplayRecord record, std::vector<Range> ranges,
      std::shared_ptr<const storage::EventFilter> filter, std::shared_ptr<Target> target,
      absl::AnyInvocable<void()> ended);

  // Begins to send, if the replay is running according to the record.
  void Run() ABSL_LOCKS_EXCLUDED(mu_);

  v1::Replay Describe() const ABSL_LOCKS_EXCLUDED(mu_);

  // Changes the state; `done` runs when that is durable.
  //   FailedPrecondition  REPLAY_ENDED.    and as RecordStore::Write.
  void Pause(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  void Resume(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  void Cancel(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);

  // Called when the broker stops: sends no more events, and keeps the state for the next start.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);
  // Writes the remaining progress. Call it after Stop, once the target has released the job.
  void SaveProgress() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  bool runs() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // At most one chain of steps is in progress; each step begins the next, on another thread.
  void Step() ABSL_LOCKS_EXCLUDED(mu_);
  void SendNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnSent(uint64_t cursor, SendResult result) ABSL_LOCKS_EXCLUDED(mu_);
  void OpenRange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) ABSL_LOCKS_EXCLUDED(mu_);
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRead(absl::StatusOr<storage::ReadResult> result) ABSL_LOCKS_EXCLUDED(mu_);
  void EndRange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteDone(uint64_t cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PauseFor(const absl::Status& problem) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetState(v1::Replay::State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Writes the record now, or when the write in progress has ended.
  void Save() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SaveSoon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnSaved(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const std::vector<Range> ranges_;
  const std::shared_ptr<const storage::EventFilter> filter_;
  const std::shared_ptr<Target> target_;

  mutable absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  store::v1::ReplayRecord record_ ABSL_GUARDED_BY(mu_);
  absl::AnyInvocable<void()> ended_ ABSL_GUARDED_BY(mu_);
  TokenBucket bucket_ ABSL_GUARDED_BY(mu_);
  bool stepping_ ABSL_GUARDED_BY(mu_) = false;  // A chain of steps is in progress.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;

  // The instance of the current range; nullptr before it is open.
  std::shared_ptr<storage::Instance> instance_ ABSL_GUARDED_BY(mu_);
  std::deque<storage::BlockSlice> read_ ABSL_GUARDED_BY(mu_);  // Events read and not yet sent.
  SteadyTime read_at_ ABSL_GUARDED_BY(mu_);

  // For Replay.rate_now: the number of events since `window_start_`.
  SteadyTime window_start_ ABSL_GUARDED_BY(mu_);
  uint64_t window_count_ ABSL_GUARDED_BY(mu_) = 0;
  double rate_now_ ABSL_GUARDED_BY(mu_) = 0;

  bool saving_ ABSL_GUARDED_BY(mu_) = false;
  bool unsaved_ ABSL_GUARDED_BY(mu_) = false;
  bool save_armed_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<storage::StatusCallback> saved_ ABSL_GUARDED_BY(mu_);       // Callbacks of the write in progress.
  std::vector<storage::StatusCallback> next_saved_ ABSL_GUARDED_BY(mu_);  // Callbacks of the next write.
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_JOB_H_
