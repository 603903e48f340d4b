// The store that is open now; none while it is being reopened after a failed write.
#ifndef PLAYHEAD_STORAGE_COMMIT_CURRENT_STORE_H_
#define PLAYHEAD_STORAGE_COMMIT_CURRENT_STORE_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/reopening.h"
#include "storage/store/store.h"

namespace playhead::storage {

// Thread safety: all methods. A reference keeps the store open, so hold it only briefly: reopening waits for it.
class CurrentStore {
 public:
  // nullptr if there is none.
  std::shared_ptr<Store> get() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return store_;
  }

  // Unavailable (STORE_UNAVAILABLE), with the cause that Drop was given, if there is none.
  absl::StatusOr<std::shared_ptr<Store>> Get() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (store_ != nullptr) return store_;
    return BeingReopened(cause_);
  }

  void Set(std::shared_ptr<Store> store) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    store_ = std::move(store);
  }

  // Releases the store because of `cause`, so that it closes once every reader has released it. False if there was
  // none.
  bool Drop(const absl::Status& cause) ABSL_LOCKS_EXCLUDED(mu_) {
    std::shared_ptr<Store> dropped;  // If this closes the store, it does so after the lock is released.
    absl::MutexLock lock(&mu_);
    cause_ = cause;
    dropped.swap(store_);
    return dropped != nullptr;
  }

 private:
  mutable absl::Mutex mu_;
  std::shared_ptr<Store> store_ ABSL_GUARDED_BY(mu_);
  absl::Status cause_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_CURRENT_STORE_H_
