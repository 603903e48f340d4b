// Verifier: reads everything that a store holds and says what is wrong with it. Changes nothing.
//
// It works in small steps, each on one moment of the store, so that appends, trims, deletions and merges go on
// meanwhile and no file is held for long. What a step finds is looked for a second time at a later moment, and told
// only if it is still there.
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
  // The store that is open now, or why there is none. Asked for each step.
  using StoreSource = std::function<absl::StatusOr<std::shared_ptr<Store>>()>;

  // `control` must outlive this.
  Verifier(StoreSource store, const VerifyOptions& options, const JobControl& control, VerifyListener listener);

  // Checks everything, once. What is wrong goes to the listener and is no error.
  //   Cancelled    `control` called it off.
  //   Unavailable  there is no store; or a part of it could not be read, and not for damage.
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

  // Takes a part that cannot be checked on, for damage, for a finding: the rest goes on. Else an error stays one.
  absl::Status TellOfDamage(const absl::Status& status, const std::string& instance = "");
  // Tells what both looks found; the second may be later. A damaged block is told as the second look has it.
  void Tell(const std::vector<Finding>& once, const std::vector<Finding>& again);
  // Counts what was read, tells of the progress, and waits so long that the rate is kept.
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
