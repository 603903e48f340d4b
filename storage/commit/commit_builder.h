// Builds commits: judges appends in order, assigns cursors, and turns many of them into one WriteBatch. Memory only.
//
// Not thread-safe: only the thread with the building role (storage/commit/committer.h) uses it, and with it the
// AssignedState of instances and the committing half of sessions.
#ifndef PLAYHEAD_STORAGE_COMMIT_COMMIT_BUILDER_H_
#define PLAYHEAD_STORAGE_COMMIT_COMMIT_BUILDER_H_

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/blocks/block_store.h"
#include "storage/commit/pending_append.h"
#include "storage/options.h"
#include "storage/store/erasure_job.h"
#include "storage/store/store.h"

namespace playhead::storage {

// One group commit: what is written, and who must be told. Once it is durable, Publish() makes it visible to readers.
struct Commit {
  uint64_t number = 0;
  std::shared_ptr<Store> store;  // The store to write to.
  rocksdb::WriteBatch batch;
  // Stored or refused (`refusal`), in the order of their answers.
  std::vector<std::unique_ptr<PendingAppend>> appends;
  // To be resolved again once this commit is durable: they repeat an identity that is still in flight.
  std::vector<std::unique_ptr<PendingAppend>> deferred;
  std::vector<PublishedBlock> blocks;
  std::vector<std::shared_ptr<LogInstance>> deleted;
  std::vector<InstanceNumber> erased;        // Instances with events that an erasure now hides; 0 for any instance.
  uint64_t instance_count = 0;               // After the commit.
  std::optional<absl::Duration> write_time;  // Set once it is written; unset if there was nothing to write.
  bool holds_more = false;                   // Logs may hold more than was announced: they were reloaded.
  bool purges_records = false;               // Deleted data of the broker's rows must leave the disk.
  bool wants_slice = false;                  // The current slice is full: create the next one.
  struct Outcome {
    absl::Status status;
    StatusCallback done;
  };
  std::vector<Outcome> commands;
  std::vector<absl::AnyInvocable<void()>> publications;

  void Publish() {
    for (auto& publish : publications) publish();
  }
};

// A stored block with its new content, and its slice.
struct BlockReplacement {
  uint32_t slice;
  std::shared_ptr<const Block> block;
};

// Adds housekeeping changes, which do not affect appends, to a commit.
using FillBatch = absl::AnyInvocable<void(const Store&, rocksdb::WriteBatch&) &&>;

// The ids of the last commits, which a resolver may not have seen on disk. Bounded, except for ids that are not yet
// durable, which a commit's size bounds; forgotten ids are on disk.
class RecentIds {
 public:
  static constexpr size_t kIdsMax = 65'536;

  void Add(const LogInstance* instance, const IdHash& id, uint64_t commit, uint64_t durable_commit);
  // Forgets everything: appends that were resolved before `commit` was durable count as stale.
  void ForgetThrough(uint64_t commit) { forgotten_through_ = commit; }
  // Whether the id may have been stored by a commit after `resolved_commit`.
  bool MayBeNewerThan(uint64_t resolved_commit, const LogInstance* instance, const IdHash& id) const;

 private:
  // The pointer is only compared, never dereferenced. A reused address costs only a second look at the disk.
  using Key = std::pair<const LogInstance*, IdHash>;
  absl::flat_hash_map<Key, uint64_t> commits_;
  std::deque<std::pair<Key, uint64_t>> order_;
  uint64_t forgotten_through_ = 0;
};

class CommitBuilder {
 public:
  // What an earlier builder assigned, durable or not. It must not be assigned again, since clients may know it.
  struct GivenOut {
    uint64_t commit = 0;
    uint64_t instance = 0;
  };

  // Reads the counters of the store.
  static absl::StatusOr<std::unique_ptr<CommitBuilder>> Load(std::shared_ptr<Store> store, const StoreOptions& options,
                                                             const GivenOut& given_out);

  // Starts a commit. `durable_commit` is the last one known to be durable.
  void Begin(uint64_t durable_commit);

  void Append(std::unique_ptr<PendingAppend> append);
  // Commands. Once the commit is durable, `done` gets the status of building the command.
  void Create(std::shared_ptr<LogInstance> instance, StatusCallback done);
  void Trim(std::shared_ptr<LogInstance> instance, Cursor first_kept, StatusCallback done);
  void Delete(std::shared_ptr<LogInstance> instance, StatusCallback done);
  // Loads instances that could not be loaded when the store was reopened, with states read from that store.
  struct Loaded {
    std::shared_ptr<LogInstance> instance;
    InstanceState state;
  };
  void Reload(absl::Span<const Loaded> loaded, StatusCallback done);
  void Write(FillBatch fill, StatusCallback done);
  // Once the commit is durable, makes the former data of the broker's rows leave the disk (storage/erase/eraser.h).
  void PurgeRecords();
  // Replaces the blocks with the same cursors by `blocks`, except those of a deleted instance.
  void ReplaceBlocks(std::shared_ptr<LogInstance> instance, absl::Span<const BlockReplacement> blocks, FillBatch fill,
                     StatusCallback done);
  // Starts an erasure, of one instance if `instance` is set, and fills in its number and its last commit. `job` must
  // live until `done`.
  void StartErasure(ErasureJob& job, InstanceNumber instance, StatusCallback done);
  void CancelErasure(uint64_t id, StatusCallback done);

  // About how many bytes the commit takes in the write-ahead log so far; blocks not yet encoded count uncompressed.
  size_t bytes() const;

  // Encodes the blocks and hands the commit over.
  std::unique_ptr<Commit> Finish();

  // Switches to another slice, which must exist.
  void UseSlice(uint32_t number, StatusCallback done);

  uint64_t next_commit() const { return next_commit_; }
  GivenOut given_out() const { return {.commit = next_commit_ - 1, .instance = instance_last_}; }
  uint64_t instance_count() const { return instance_count_; }
  // The last commit that has a row in `commits`.
  CommitPosition last_listed() const { return last_listed_; }

 private:
  // A producer's run that the commit may still extend.
  struct OpenRun {
    std::shared_ptr<LogInstance> instance;
    uint64_t first_sequence;
    RunRecord record;
  };
  enum class Verdict { kStore, kRefuse, kDefer };

  CommitBuilder(std::shared_ptr<Store> store, const StoreOptions& options);
  Verdict Judge(PendingAppend& append);
  absl::Status JudgeProducer(const PendingAppend& append, bool& defer) const;
  // Creates the instance if it does not exist, within the limits of the options unless it is one of the broker's own.
  absl::Status EnsureExists(const std::shared_ptr<LogInstance>& instance, bool is_own);
  absl::Status AdoptEpoch(const std::shared_ptr<LogInstance>& instance);
  void Touch(const std::shared_ptr<LogInstance>& instance);
  void StoreEvents(PendingAppend& append);
  void StoreIdentities(PendingAppend& append);
  void ExtendRun(const PendingAppend& append, size_t i, Cursor cursor, uint32_t count);
  void CloseRun(const std::string& producer_id, const OpenRun& run);
  void CloseBlock(const std::shared_ptr<LogInstance>& instance);
  void FinishInstances();
  InstanceState Snapshot(const LogInstance& instance) const;
  void PutCounters();

  const std::shared_ptr<Store> store_;
  const StoreOptions options_;
  BlockStore blocks_;
  uint64_t instance_last_ = 0;
  uint64_t instance_count_ = 0;
  uint64_t erasure_last_ = 0;
  uint32_t epoch_floor_ = 0;
  uint64_t next_commit_ = 1;
  uint64_t loaded_commit_ = 0;  // All commits up to this one are on disk or lost.
  CommitPosition last_listed_;
  Timestamp last_time_;
  RecentIds recent_ids_;

  // State of the commit being built.
  std::unique_ptr<Commit> commit_;
  bool counters_changed_ = false;
  uint64_t durable_commit_ = 0;
  size_t open_block_bytes_ = 0;
  std::vector<std::shared_ptr<LogInstance>> touched_;
  absl::flat_hash_map<std::pair<const LogInstance*, std::string>, OpenRun> runs_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_COMMIT_BUILDER_H_
