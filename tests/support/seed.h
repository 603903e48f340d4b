// The seed of a randomised test, and the length of tests with many rounds.
#ifndef PLAYHEAD_TESTS_SUPPORT_SEED_H_
#define PLAYHEAD_TESTS_SUPPORT_SEED_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace playhead::testing {

// PLAYHEAD_TEST_SEED if that is set, else 1. Printed, so that a failure can be run again.
inline uint64_t TestSeed() {
  const char* const text = std::getenv("PLAYHEAD_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  std::cout << "PLAYHEAD_TEST_SEED=" << seed << std::endl;
  return seed;
}

// Whether PLAYHEAD_SOAK is set: tests of many rounds then run for hours (./tools/test --soak).
inline bool Soak() { return std::getenv("PLAYHEAD_SOAK") != nullptr; }

// How many seeds a test runs: PLAYHEAD_SEEDS if that is set, else `soak` if Soak(), else `usual`.
inline uint64_t SeedCount(uint64_t usual, uint64_t soak) {
  const char* const count = std::getenv("PLAYHEAD_SEEDS");
  if (count != nullptr) return std::strtoull(count, nullptr, 10);
  return Soak() ? soak : usual;
}

// Random numbers whose sequence depends on the seed alone, whatever the standard library.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // From 0 to `bound` - 1. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  // True once in `n`.
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  // From 0 to `max`, small values more often.
  uint64_t Skewed(uint64_t max) { return Below(Below(max + 1) + 1); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_SEED_H_
