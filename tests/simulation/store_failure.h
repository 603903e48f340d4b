// StoreFailure: whether the store has failed during the work, which ends the work, or failed in a way that it may not,
// which is a broken rule.
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

// Whether a call failed because of the disk, rather than because of its arguments.
inline bool IsStoreFailure(const absl::Status& status) {
  return HasReason(status, Reason::kStoreUnavailable) || HasReason(status, Reason::kAppendUncertain) ||
         HasReason(status, Reason::kPreviousFailed) || HasReason(status, Reason::kShuttingDown);
}

// Thread safety: all methods.
class StoreFailure {
 public:
  explicit StoreFailure(Oracle& oracle) : oracle_(oracle) {}

  // Checks the status of a call; `what` says what it should do ("append"). True if the call succeeded.
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
  // To be called when the store is open again.
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
