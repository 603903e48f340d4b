// StoreFailure: whether the store has failed while it was worked with, which ends the work, or failed otherwise than it
// may, which is a broken rule.
#ifndef PLAYHEAD_TESTS_SIMULATION_STORE_FAILURE_H_
#define PLAYHEAD_TESTS_SIMULATION_STORE_FAILURE_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "proto/errors.h"
#include "tests/simulation/oracle.h"

namespace playhead::storage {

// Whether a call failed because the disk failed the store, rather than for what was asked.
inline bool IsStoreFailure(const absl::Status& status) {
  return HasReason(status, Reason::kStoreUnavailable) || HasReason(status, Reason::kAppendUncertain) ||
         HasReason(status, Reason::kPreviousFailed) || HasReason(status, Reason::kShuttingDown);
}

// Thread safety: all methods.
class StoreFailure {
 public:
  explicit StoreFailure(Oracle& oracle) : oracle_(oracle) {}

  // Of a call that was to `what`. True if it succeeded.
  bool Check(const absl::Status& status, absl::string_view what) ABSL_LOCKS_EXCLUDED(mu_) {
    if (status.ok()) return true;
    if (!IsStoreFailure(status)) oracle_.Violation(absl::StrCat("to ", what, " failed: ", status.ToString()));
    absl::MutexLock lock(&mu_);
    happened_ = true;
    return false;
  }
  bool happened() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return happened_;
  }
  // The store is open again.
  void Forget() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    happened_ = false;
  }

 private:
  Oracle& oracle_;
  mutable absl::Mutex mu_;
  bool happened_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_STORE_FAILURE_H_
