// The column families of the store: what each holds and how it is tuned. docs/on-disk-format.md has keys and values.
#ifndef PLAYHEAD_STORAGE_STORE_COLUMN_FAMILIES_H_
#define PLAYHEAD_STORAGE_STORE_COLUMN_FAMILIES_H_

#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/options.h"
#include "storage/store/dedup_records.h"
#include "storage/store/merge_pauses.h"

namespace playhead::storage {

// The fixed families. The blocks themselves live in slices, families that come and go (storage/blocks/block_store.h).
enum class Family {
  kMeta,       // Format version, counters, the epoch floor.
  kInstances,  // The catalogue: name -> record, number -> name, and the traces of deleted names.
  kDirectory,  // Which slices contain blocks of an instance, from which cursor on.
  kCommits,    // What each commit appended, in commit order.
  kDedup,      // Identities of appends: event ids and producers' sequences.
  kConsumers,  // Consumers, with their positions and parked lists; sessions of dialects' clients.
  kKeys,       // The broker's other records: keys, secrets, settings of instances, replays, deletions in progress.
};
inline constexpr std::array<const char*, 7> kFamilyNames = {"meta",  "instances", "directory", "commits",
                                                            "dedup", "consumers", "keys"};

// The name of a slice's family: `events.` and its number in eight digits.
std::string SliceFamilyName(uint32_t number);
// The number of a slice's family; nullopt for other names.
std::optional<uint32_t> ParseSliceFamilyName(absl::string_view name);

// Counts how often writes begin to be slowed down or stopped. Thread safety: all methods.
class StallCounter final : public rocksdb::EventListener {
 public:
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override {
    if (info.condition.prev == rocksdb::WriteStallCondition::kNormal) count_.fetch_add(1, std::memory_order_relaxed);
  }
  // How many there were since the last call.
  uint64_t Take() { return count_.exchange(0, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
};

// Decides how RocksDB reacts to failures of writes and background work. Thread safety: all methods.
//
// A failed merge leaves its input files as they are: nothing is lost, and writes go on. Otherwise one damaged block, or
// one unreadable sector, would end all writes for every instance. The merge is tried again later (by MergePauses, and
// by housekeeping for its own merges).
//
// After any other failure nothing more can be written. RocksDB would resume by itself once a full disk has room again:
// it would flush its families one by one and drop logs, and writes that may or may not have been stored would be read
// back partially. Instead, the store is closed and opened again (Committer::FailAndReopen).
class BackgroundFailures final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    if (reason == rocksdb::BackgroundErrorReason::kCompaction) {
      *error = rocksdb::Status::OK();
    } else {
      writes_ended_.store(true);
    }
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

  // Whether a failure has ended all writes.
  bool writes_ended() const { return writes_ended_.load(); }

 private:
  std::atomic<bool> writes_ended_{false};
};

// The objects that the families of one store share.
struct SharedTuning {
  explicit SharedTuning(const StoreOptions& options);
  std::shared_ptr<rocksdb::Env> env;  // StoreOptions::env, or the real one, with a StoreFileSystem.
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::shared_ptr<DedupExpiry> dedup_expiry;
  std::shared_ptr<StallCounter> stalls = std::make_shared<StallCounter>();
  std::shared_ptr<BackgroundFailures> failures = std::make_shared<BackgroundFailures>();
  std::shared_ptr<MergePauses> merge_pauses = std::make_shared<MergePauses>();
};

// `shared` must outlive the database.
rocksdb::DBOptions MakeDbOptions(const StoreOptions& options, const SharedTuning& shared);
rocksdb::ColumnFamilyOptions MakeFamilyOptions(Family family, const StoreOptions& options, const SharedTuning& shared);
rocksdb::ColumnFamilyOptions MakeSliceOptions(const StoreOptions& options, const SharedTuning& shared);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_COLUMN_FAMILIES_H_
