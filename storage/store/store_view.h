// StoreView: the store as of one moment, for code that compares its parts with each other.
#ifndef PLAYHEAD_STORAGE_STORE_STORE_VIEW_H_
#define PLAYHEAD_STORAGE_STORE_STORE_VIEW_H_

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// While a view exists, data that is overwritten meanwhile cannot be removed, so erasures and deletions, and all other
// housekeeping with them, wait for it; it also keeps the store open. So it must not be kept for long.
// Thread safety: all methods.
class StoreView {
 public:
  explicit StoreView(std::shared_ptr<const Store> store)
      : store_(std::move(store)), snapshot_(store_->db()->GetSnapshot()) {
    read_.snapshot = snapshot_;
    read_.fill_cache = false;
  }
  ~StoreView() {
    if (snapshot_ != nullptr) store_->db()->ReleaseSnapshot(snapshot_);
  }
  StoreView(const StoreView&) = delete;
  StoreView& operator=(const StoreView&) = delete;

  const Store& store() const { return *store_; }

  std::unique_ptr<rocksdb::Iterator> NewIterator(rocksdb::ColumnFamilyHandle* family) const {
    rocksdb::ReadOptions read = read_;
    read.total_order_seek = true;
    return store_->NewIterator(family, read);
  }

  // nullopt if the row does not exist.
  absl::StatusOr<std::optional<std::string>> Get(Family family, absl::string_view key) const {
    std::string value;
    rocksdb::ReadOptions read = read_;
    read.fill_cache = true;  // Small rows, which are read again.
    const rocksdb::Status status = store_->db()->Get(read, store_->family(family), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return ReadError(status, "reading a row");
    return value;
  }

 private:
  const std::shared_ptr<const Store> store_;
  const rocksdb::Snapshot* const snapshot_;
  rocksdb::ReadOptions read_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_STORE_VIEW_H_
