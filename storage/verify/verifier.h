// Verifier: reads everything in a store and reports what is wrong with it. Changes nothing.
//
// It works in small steps, each on one moment of the store, so that appends, trims, deletions and merges go on
// meanwhile and no file is held for long. The findings of a step are checked again at a later moment, and reported only
// if they are still there.
#ifndef PLAYHEAD_STORAGE_VERIFY_VERIFIER_H_
#define PLAYHEAD_STORAGE_VERIFY_VERIFIER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "storage/store/store.h"
#include "storage/store/store_view.h"
#include "storage/store_jobs.h"
#include "storage/verify/index_check.h"
#include "storage/verify/log_check.h"

namespace playhead::storage {

// Not thread-safe; for a thread of its own.
class Verifier {
 public:
  // Returns the currently open store, or why there is none. Called for each step.
  using StoreSource = std::function<absl::StatusOr<std::shared_ptr<Store>>()>;

  // `control` must outlive this.
  Verifier(StoreSource store, const VerifyOptions& options, const JobControl& control, VerifyListener listener);

  // Checks everything, once. Findings go to the listener, and are not errors.
  //   Cancelled    `control` canceled it.
  //   Unavailable  there is no store; or a part of it could not be read for a reason other than damage.
  absl::StatusOr<VerifyProgress> Run();

 private:
  using IndexCheck = absl::FunctionRef<absl::StatusOr<IndexStep>(const StoreView&, const std::string& from)>;

  absl::StatusOr<std::unique_ptr<StoreView>> Look() const;
  absl::Status EstimateBytes();
  absl::Status VerifyCatalogue();
  absl::Status VerifyLogs();
  absl::Status VerifyLog(const std::string& name);
  absl::Status VerifyOrphans();
  absl::Status VerifyTables();
  // Steps through an index. `counter`, if any, counts its rows.
  absl::Status VerifyIndex(IndexCheck check, uint64_t* counter);

  // If a part cannot be checked because of damage, reports a finding, and the rest goes on. Other errors are returned.
  absl::Status TellOfDamage(const absl::Status& status, const std::string& instance = "");
  // Reports what both checks found; the second may be later. A damaged block is reported as the second check found it.
  void Tell(const std::vector<Finding>& once, const std::vector<Finding>& again);
  // Counts the bytes read, reports the progress, and waits as long as needed to keep the rate.
  absl::Status Pace(uint64_t bytes);

  const StoreSource store_;
  const VerifyOptions options_;
  const JobControl& control_;
  const VerifyListener listener_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point told_;
  VerifyProgress progress_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_VERIFIER_H_
