// Backups: points of a backup that are made while the store goes through anything, and what a restore of them must
// contain: everything that was acknowledged before the point was begun, and nothing that was not submitted.
#ifndef PLAYHEAD_TESTS_SIMULATION_BACKUPS_H_
#define PLAYHEAD_TESTS_SIMULATION_BACKUPS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"
#include "storage/options.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {

// Thread safety: all methods may be called from any thread.   Ownership: borrows the oracle, and a log until it is
// closed.
class Backups {
 public:
  explicit Backups(Oracle& oracle) : oracle_(oracle) {}

  // Begins to make a point in the background, unless one is being made. It may fail if the disk does.
  void Begin(EventLog& log) ABSL_LOCKS_EXCLUDED(mu_);

  // Waits until the point that is being made, if any, is done or has failed.
  void AwaitEnd() ABSL_LOCKS_EXCLUDED(mu_);

  // Restores the newest point that succeeded, if there is one, and has the oracle check it. Then appends to the
  // restored store: no cursor that it assigns may be one of this store's. `restore_older` is a planted bug: it restores
  // the point before the newest. `options` are those of this store. Returns whether there was a point. REQUIRES: no
  // point is being made.
  bool CheckNewest(StoreOptions options, playhead::testing::Random& random, bool restore_older)
      ABSL_LOCKS_EXCLUDED(mu_);

  uint64_t made() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Point {
    uint32_t number = 0;
    Moment begun_at;
    Ledger known;  // A copy from the time when the point was done.
  };

  void CheckRestored(const StoreOptions& options, const Point& point, playhead::testing::Random& random);

  Oracle& oracle_;
  const playhead::testing::TempDir parent_;
  const std::string dir_ = parent_.path() + "/backup";
  mutable absl::Mutex mu_;  // Guards the members below it.
  bool under_way_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t made_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<Point> newest_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_BACKUPS_H_
