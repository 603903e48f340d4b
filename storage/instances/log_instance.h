// An instance as the store keeps it in memory: what readers may see, and what the committer has assigned beyond that.
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

// What is known of an instance on disk.
struct InstanceState {
  InstanceNumber number;  // 0: there is no such instance (yet).
  Timestamp created_at;
  LogBounds bounds;
  uint32_t epoch_base = 0;  // Added to the store's epoch floor: above the epochs of deleted namesakes.
  uint32_t last_slice = 0;  // Where its last block lies; 0: nowhere.
};

// What the committer has assigned, durable or not. Touched only by whoever builds the next commit; see CommitBuilder.
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

// What the store has stored of a producer, durable or not.
struct ProducerState {
  uint64_t last_sequence = 0;  // 0: nothing is known, any sequence may come.
  uint64_t last_commit = 0;    // The commit that holds it, or a later one.
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

  // Takes the state on disk for the truth: when it was loaded, and again after the store was reopened. If that has
  // another number, or none, the commit whose write failed has deleted this one all the same: deleted() from here on.
  // REQUIRES: no commit under way has anything of it.
  void Reload(const InstanceState& state) ABSL_LOCKS_EXCLUDED(mu_);
  // It could not be read from the reopened store. What readers were shown stays; until it is reloaded nothing is added
  // or changed, and nobody new gets it.   REQUIRES: as Reload.
  void SetNotLoaded(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);
  // DataLoss, Unavailable: why not.
  absl::Status CheckLoaded() const ABSL_LOCKS_EXCLUDED(mu_);
  // It was tried again, and could not be read.
  void NoteLoadFailure(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);

  // Show readers what a commit has made durable: that the instance exists; new events; a trim. A commit may hold both
  // of the last two, in either order, so PublishEvents never takes `first` back.
  void PublishCreated(InstanceNumber number, Timestamp created_at);
  void PublishEvents(const LogBounds& bounds) ABSL_LOCKS_EXCLUDED(mu_);
  void PublishFirst(Cursor first) ABSL_LOCKS_EXCLUDED(mu_);
  void PublishDeleted() { deleted_.store(true, std::memory_order_release); }

  // False if nothing is known in memory of this producer.
  bool FindProducer(absl::string_view id, ProducerState& out) const ABSL_LOCKS_EXCLUDED(mu_);
  // Remembers what was found on disk when `durable_commit` was the last durable one, unless something is known already
  // or something newer was forgotten since.
  void LearnProducer(absl::string_view id, uint64_t last_sequence, uint64_t durable_commit) ABSL_LOCKS_EXCLUDED(mu_);
  // Notes what the committer assigned. Forgets others that are durable when there are too many.
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
  uint64_t producers_forgotten_ ABSL_GUARDED_BY(mu_) = 0;  // The newest commit of any that was forgotten.
  AssignedState assigned_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCES_LOG_INSTANCE_H_
