// Backups: points of a backup that are made in the midst of whatever the store goes through, and what a restore of them
// has: all that was acknowledged before the point was begun, and nothing that was not submitted.
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

// Thread safety: all methods.   Ownership: borrows the oracle; a log until it is gone.
class Backups {
 public:
  explicit Backups(Oracle& oracle) : oracle_(oracle) {}

  // Begins a point, unless one is under way; it is made while the caller goes on, and may fail as the disk does.
  void Begin(EventLog& log) ABSL_LOCKS_EXCLUDED(mu_);

  // Waits until the one that is under way, if any, is answered.
  void AwaitEnd() ABSL_LOCKS_EXCLUDED(mu_);

  // Restores the newest point that was answered with success, if there is one, has the oracle judge it, and appends to
  // it: no cursor that it gives out is one of this store's. With `restore_older` it is the point before that one,
  // falsely. `options` is how stores are opened here. Returns whether there was a point. REQUIRES: nothing is under
  // way.
  bool CheckNewest(StoreOptions options, playhead::testing::Random& random, bool restore_older)
      ABSL_LOCKS_EXCLUDED(mu_);

  uint64_t made() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Point {
    uint32_t number = 0;
    Moment begun_at;
    Ledger known;  // When it was answered.
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
