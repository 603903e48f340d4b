// BitRot: a bit that flips in the files of a store that was stopped cleanly. Either it is noticed, when the store is
// opened or read, or it was in bytes that no longer count; and what is noticed then, `playhead verify` says as well.
#ifndef PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_
#define PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/options.h"
#include "tests/simulation/oracle.h"
#include "tests/support/seed.h"

namespace playhead::storage {

struct BitRotReport {
  uint64_t flips = 0;
  uint64_t refused = 0;   // The store refused to open, or a read said DATA_LOSS.
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
  // Bytes of a file that count, from its beginning.
  struct Target {
    std::string file;
    uint64_t bytes = 0;
  };

  std::optional<Target> ChooseTarget(const std::string& dir);
  std::vector<Target> Tables(const std::string& dir) const;
  std::vector<Target> Logs(const std::string& dir) const;
  // Whether it was noticed. What is read all the same is judged.
  bool IsNoticed(const StoreOptions& copy, const Target& target);

  Oracle& oracle_;
  playhead::testing::Random& random_;
  const StoreOptions options_;
  BitRotReport report_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_BIT_ROT_H_
