// The in-memory state of an instance: what readers may see, and what the committer has assigned beyond that.
#ifndef PLAYHEAD_STORAGE_INSTANCES_LOG_INSTANCE_H_
#define PLAYHEAD_STORAGE_INSTANCES_LOG_INSTANCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"

namespace playhead::storage {

// The state of an instance on disk.
struct InstanceState {
  InstanceNumber number;  // 0: there is no such instance (yet).
  Timestamp created_at;
  LogBounds bounds;
  uint32_t epoch_base = 0;  // Added to the store's epoch floor, to be above the epochs of deleted instances of the same
                            // name.
  uint32_t last_slice = 0;  // The slice of its last block; 0: it has none.
};

// What the committer has assigned, durable or not. Accessed only by the thread that builds the next commit; see
// CommitBuilder.
struct AssignedState {
  bool exists = false;  // In the catalogue.
  InstanceNumber number;
  Timestamp created_at;
  Cursor first;
  Cursor head;
  EpochHistory epochs;
  Timestamp last_appended_at;
  uint64_t appended_bytes = 0;
  uint32_t epoch_base = 0;
  uint32_t epoch = 0;  // Of the next event; set before each append.
  uint32_t last_slice = 0;
  // Of the commit being built.
  std::unique_ptr<BlockBuilder> open_block;
  Cursor commit_first;  // The instance's first event in it.
};

// What the store has stored from a producer, durable or not.
struct ProducerState {
  uint64_t last_sequence = 0;  // 0: nothing is known, so any sequence is accepted.
  uint64_t last_commit = 0;    // The commit that contains it, or a later one.
};

class LogInstance final : public Instance {
 public:
  // Producers whose state stays in memory, for each instance; others are looked up on disk.
  static constexpr size_t kProducersMax = 1024;

  LogInstance(std::string name, const InstanceState& state) : name_(std::move(name)) { Reload(state); }

  const std::string& name() const override { return name_; }
  InstanceNumber number() const override { return InstanceNumber(number_.load(std::memory_order_acquire)); }
  LogBounds bounds() const override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return bounds_;
  }
  Cursor head() const override { return Cursor(head_.load(std::memory_order_acquire)); }
  bool deleted() const override { return deleted_.load(std::memory_order_acquire); }

  // Whether it is in the catalogue: false for a name that is only being appended to for the first time.
  bool exists() const { return number() != InstanceNumber(); }

  // Adopts the state on disk: when it was loaded, and again after the store was reopened. If that state has another
  // number, or none, then the commit whose write failed has deleted this instance after all, and deleted() is true from
  // here on.
  // REQUIRES: no commit in progress contains anything of this instance.
  void Reload(const InstanceState& state) ABSL_LOCKS_EXCLUDED(mu_);
  // Notes that it could not be read from the reopened store. Readers still see what they saw; until it is reloaded,
  // nothing is added or changed, and it is not handed to new callers.   REQUIRES: as Reload.
  void SetNotLoaded(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);
  // OK if it is loaded; otherwise DataLoss or Unavailable, with the reason.
  absl::Status CheckLoaded() const ABSL_LOCKS_EXCLUDED(mu_);
  // Notes that another attempt to load it has failed.
  void NoteLoadFailure(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);

  // Show readers what a commit has made durable: that the instance exists; new events; a trim. A commit may contain
  // both of the last two, in either order, so PublishEvents never moves `first` back.
  void PublishCreated(InstanceNumber number, Timestamp created_at);
  void PublishEvents(const LogBounds& bounds) ABSL_LOCKS_EXCLUDED(mu_);
  void PublishFirst(Cursor first) ABSL_LOCKS_EXCLUDED(mu_);
  void PublishDeleted() { deleted_.store(true, std::memory_order_release); }

  // False if nothing about this producer is in memory.
  bool FindProducer(absl::string_view id, ProducerState& out) const ABSL_LOCKS_EXCLUDED(mu_);
  // Remembers a sequence found on disk when `durable_commit` was the last durable commit, unless the producer is
  // already known or something newer was forgotten since.
  void LearnProducer(absl::string_view id, uint64_t last_sequence, uint64_t durable_commit) ABSL_LOCKS_EXCLUDED(mu_);
  // Notes what the committer has assigned. If there are too many producers, forgets others whose state is durable.
  void AdvanceProducer(absl::string_view id, ProducerState state, uint64_t durable_commit) ABSL_LOCKS_EXCLUDED(mu_);

  AssignedState& assigned() { return assigned_; }
  const AssignedState& assigned() const { return assigned_; }
  Timestamp created_at() const { return Timestamp(created_at_.load(std::memory_order_relaxed)); }

 private:
  void MakeRoomForProducer(uint64_t durable_commit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string name_;
  std::atomic<uint64_t> number_{0};
  std::atomic<uint64_t> head_{0};
  std::atomic<int64_t> created_at_{0};
  std::atomic<bool> deleted_{false};
  std::atomic<bool> loaded_{true};
  mutable absl::Mutex mu_;
  absl::Status load_failure_ ABSL_GUARDED_BY(mu_);  // If it is not loaded.
  LogBounds bounds_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, ProducerState> producers_ ABSL_GUARDED_BY(mu_);
  uint64_t producers_forgotten_ ABSL_GUARDED_BY(mu_) = 0;  // The newest commit of any forgotten producer.
  AssignedState assigned_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCES_LOG_INSTANCE_H_
