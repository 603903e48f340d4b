// BitRot: flips a bit in the files of a store that was stopped cleanly. Either opening or reading the store detects it,
// or the bit was in bytes that no longer matter. `playhead verify` reports everything that is detected that way, and
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
  uint64_t refused = 0;   // The store refused to open, or a read returned DATA_LOSS.
  uint64_t told = 0;      // Only a verification reported it.
  uint64_t harmless = 0;  // Nothing did: the bit was in bytes that no longer matter.
};

// Not thread-safe.   Ownership: borrows everything.
class BitRot {
 public:
  // `options` are those of the store.
  BitRot(Oracle& oracle, playhead::testing::Random& random, const StoreOptions& options)
      : oracle_(oracle), random_(random), options_(options) {}

  // Copies the store, flips one bit of the copy, and checks what is reported.
  void Flip();

  const BitRotReport& report() const { return report_; }

 private:
  struct Target {
    std::string file;
    uint64_t bytes = 0;          // How many bytes matter, from the beginning.
    uint64_t checked_bytes = 0;  // In how many of these a verification must report every flip.
  };

  std::optional<Target> ChooseTarget(const std::string& dir);
  std::vector<Target> Tables(const std::string& dir) const;
  std::vector<Target> Logs(const std::string& dir) const;
  // Opens and reads the store. Returns the error of the start or of a read, if there was one. Everything that the
  // `findings` of a verification do not name must be readable, and what is read must be right. A start that is refused
  // must name the file, unless that is a table.
  absl::Status Open(const StoreOptions& copy, const Target& target, const std::vector<Finding>& findings);

  Oracle& oracle_;
  playhead::testing::Random& random_;
  const StoreOptions options_;
  BitRotReport report_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_
