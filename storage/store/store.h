// An open RocksDB with the families of the store: created when the log opens, and again after a write error.
#ifndef PLAYHEAD_STORAGE_STORE_STORE_H_
#define PLAYHEAD_STORAGE_STORE_STORE_H_

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "storage/options.h"
#include "storage/store/column_families.h"
#include "storage/store/erasure_table.h"
#include "storage/types.h"

namespace playhead::storage {

using FamilyHandle = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

// Thread safety: all methods.
// Ownership: the database is closed when the last reference is dropped; handles must not outlive the store.
class Store : public std::enable_shared_from_this<Store> {
 public:
  // Opens or creates the store after checking that its write-ahead log is sound; see OpenRocksDbEventLog for the
  // errors.
  static absl::StatusOr<std::shared_ptr<Store>> Open(const StoreOptions& options);
  // Opens a store for reading. Nothing in its folder is changed or locked, and a torn tail of its write-ahead log is
  // ignored. Nobody else may have it open for writing.   Errors as Open.
  static absl::StatusOr<std::shared_ptr<Store>> OpenReadOnly(const StoreOptions& options);
  ~Store();

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* family(Family family) const { return families_[static_cast<size_t>(family)].get(); }

  // An iterator over the rows of a family, or of a slice. All iteration goes through this.
  std::unique_ptr<rocksdb::Iterator> NewIterator(rocksdb::ColumnFamilyHandle* family,
                                                 rocksdb::ReadOptions options = {}) const;

  // Slices by number. A reader keeps the handle it uses, so a slice that is dropped meanwhile stays readable to it.
  std::map<uint32_t, FamilyHandle> slices() const ABSL_LOCKS_EXCLUDED(mu_);
  FamilyHandle slice(uint32_t number) const ABSL_LOCKS_EXCLUDED(mu_);  // nullptr if there is none.
  absl::Status CreateSlice(uint32_t number) ABSL_LOCKS_EXCLUDED(mu_);
  // Removes the slice and, once the last reader releases it, its files. REQUIRES: it is not the newest.
  absl::Status DropSlice(uint32_t number) ABSL_LOCKS_EXCLUDED(mu_);

  // Whether the store was opened without part of its former contents, so that cursors may have been lost: after
  // accept_truncation, or after an unclean stop while a weaker durability was set.
  bool history_may_be_lost() const { return history_may_be_lost_; }

  // The key of the hashes that are kept of deleted names.
  const std::string& name_hash_key() const { return name_hash_key_; }

  // Identifies this store; its copies have the same id.
  uint64_t Id() const;

  // Which identities are forgotten.
  DedupExpiry& dedup_expiry() const { return *tuning_.dedup_expiry; }

  // Erasures of events, and what they hide from reads.
  ErasureTable& erasures() const { return *erasures_; }

  // Writes all families' memory to files. Blocks.
  absl::Status Flush() const;

  // Pauses merges of families in which one has met damage (storage/store/merge_pauses.h). To be called every second;
  // one caller at a time. Writes to the disk if anything changes.
  void PauseDamagedMerges(std::chrono::steady_clock::time_point now) const;

  // How many times writes began to be stalled since the last call.
  uint64_t TakeWriteStalls() const { return tuning_.stalls->Take(); }
  // The size of the write-ahead log's files. Asks the file system.
  uint64_t WalBytes() const;

  // Declares that the epoch floor was raised if that was necessary. Called once after every open.
  absl::Status NoteHistorySettled();

  // Notified when the database is closed, so that the folder can be opened again.
  std::shared_ptr<absl::Notification> closed() const { return closed_; }

  // Durability::kOs: moves everything that was written to the disk. On an error, acknowledged data may not be on disk:
  // from then on, MarkCleanStop does nothing.
  absl::Status SyncLog();

  // Declares that everything is on disk and nothing more will be written. Without this, the next open of a store under
  // Durability::kOs counts the stop as unclean.
  absl::Status MarkCleanStop();

 private:
  explicit Store(const StoreOptions& options) : options_(options), tuning_(options) {}
  // Opens an existing store, after inspecting its write-ahead log.
  absl::Status Recover();
  enum class DatabaseMode { kNew, kExisting, kReadOnly };
  absl::Status OpenDatabase(DatabaseMode mode);
  void CloseDatabase();
  absl::Status CheckFormat(bool fresh);
  absl::Status LoadErasures();

  const StoreOptions options_;
  const SharedTuning tuning_;
  const std::shared_ptr<absl::Notification> closed_ = std::make_shared<absl::Notification>();
  bool history_may_be_lost_ = false;
  std::atomic<bool> sync_failed_{false};
  std::string name_hash_key_;
  const std::unique_ptr<ErasureTable> erasures_ = std::make_unique<ErasureTable>();
  // Declared before the handles, which must be destroyed first.
  std::unique_ptr<rocksdb::DB> db_;
  std::array<FamilyHandle, kFamilyNames.size()> families_;
  FamilyHandle default_family_;  // RocksDB requires one; empty.
  mutable absl::Mutex mu_;
  std::map<uint32_t, FamilyHandle> slices_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_STORE_H_
