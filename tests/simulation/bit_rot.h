// BitRot: a bit that flips in the files of a store that was stopped cleanly. Either it is noticed, when the store is
// opened or read, or it was in bytes that no longer count. `playhead verify` tells of what is noticed then, and of
// every flipped bit of a table file.
#ifndef PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_
#define PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/options.h"
#include "storage/store_jobs.h"
#include "tests/simulation/oracle.h"
#include "tests/support/seed.h"

namespace playhead::storage {

struct BitRotReport {
  uint64_t flips = 0;
  uint64_t refused = 0;   // The store refused to open, or a read said DATA_LOSS.
  uint64_t told = 0;      // Only a verification told of them.
  uint64_t harmless = 0;  // They were in bytes that no longer count.
};

// Not thread-safe.   Ownership: borrows everything.
class BitRot {
 public:
  // Of the store that `options` opens.
  BitRot(Oracle& oracle, playhead::testing::Random& random, const StoreOptions& options)
      : oracle_(oracle), random_(random), options_(options) {}

  // Flips one bit, of a copy.
  void Flip();

  const BitRotReport& report() const { return report_; }

 private:
  struct Target {
    std::string file;
    uint64_t bytes = 0;          // That count, from its beginning.
    uint64_t checked_bytes = 0;  // Of these, those of which a verification tells in any case.
  };

  std::optional<Target> ChooseTarget(const std::string& dir);
  std::vector<Target> Tables(const std::string& dir) const;
  std::vector<Target> Logs(const std::string& dir) const;
  // What a start and reads say to it. What is read all the same is judged, and that is all but what the `findings` of a
  // verification name; a start that is refused names the file, but for a table.
  absl::Status Open(const StoreOptions& copy, const Target& target, const std::vector<Finding>& findings);

  Oracle& oracle_;
  playhead::testing::Random& random_;
  const StoreOptions options_;
  BitRotReport report_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_
