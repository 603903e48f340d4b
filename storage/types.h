// Distinct types for the numbers of the store, so that they cannot be mixed up.
#ifndef PLAYHEAD_STORAGE_TYPES_H_
#define PLAYHEAD_STORAGE_TYPES_H_

#include <compare>
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace playhead::storage {

// The store's own name for an instance: 48 bits, starting at 1, never reused, not even after a deletion.
class InstanceNumber {
 public:
  static constexpr uint64_t kMax = (uint64_t{1} << 48) - 1;

  constexpr InstanceNumber() = default;
  explicit constexpr InstanceNumber(uint64_t value) : value_(value) {}
  constexpr uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(InstanceNumber, InstanceNumber) = default;

 private:
  uint64_t value_ = 0;
};

// The position of a commit in the order of all commits of the store, starting at 1. 0 is "before any". The upper bits
// hold the store's epoch floor at that time, so that a position never means two different commits: the floor rises when
// history may have been lost.
class CommitPosition {
 public:
  static constexpr int kNumberBits = 48;

  constexpr CommitPosition() = default;
  explicit constexpr CommitPosition(uint64_t value) : value_(value) {}
  static constexpr CommitPosition FirstOf(uint32_t epoch) {
    return CommitPosition((uint64_t{epoch} << kNumberBits) + 1);
  }
  constexpr uint64_t value() const { return value_; }
  constexpr uint32_t epoch() const { return static_cast<uint32_t>(value_ >> kNumberBits); }
  constexpr CommitPosition next() const { return CommitPosition(value_ + 1); }
  friend constexpr auto operator<=>(CommitPosition, CommitPosition) = default;

 private:
  uint64_t value_ = 0;
};

// A time as the log keeps it: microseconds since the Unix epoch. 0 is "never".
class Timestamp {
 public:
  constexpr Timestamp() = default;
  explicit constexpr Timestamp(int64_t micros) : micros_(micros) {}
  static Timestamp Now() { return Timestamp(absl::ToUnixMicros(absl::Now())); }
  constexpr int64_t micros() const { return micros_; }
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;

 private:
  int64_t micros_ = 0;
};

// What an acknowledged append survives: a setting of the whole store.
enum class Durability {
  kDisk,  // Synced before the acknowledgement.
  kOs,    // Handed to the operating system; synced soon after.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_TYPES_H_
