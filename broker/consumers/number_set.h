// A set of numbers, kept as ranges.
#ifndef PLAYHEAD_BROKER_CONSUMERS_NUMBER_SET_H_
#define PLAYHEAD_BROKER_CONSUMERS_NUMBER_SET_H_

#include <cstdint>

#include "absl/container/btree_map.h"

namespace playhead::broker {

// Thread safety: none.
class NumberSet {
 public:
  // Returns whether the number was added, that is, was not in the set.
  bool Insert(uint64_t number) {
    if (Contains(number)) return false;
    uint64_t first = number;
    uint64_t last = number;
    auto behind = ranges_.upper_bound(number);
    if (behind != ranges_.end() && behind->second == number + 1) {
      last = behind->first;
      ranges_.erase(behind);
    }
    if (const auto before = ranges_.find(number - 1); before != ranges_.end()) {
      first = before->second;
      ranges_.erase(before);
    }
    ranges_.emplace(last, first);
    return true;
  }

  // Adds [first, last]. REQUIRES: first <= last; every number in the set is less than first - 1.
  void InsertBehind(uint64_t first, uint64_t last) { ranges_.emplace_hint(ranges_.end(), last, first); }

  // Removes and returns the lowest number. REQUIRES: not empty.
  uint64_t PopFirst() {
    const auto front = ranges_.begin();
    const uint64_t number = front->second;
    if (front->second++ == front->first) ranges_.erase(front);
    return number;
  }

  bool Contains(uint64_t number) const {
    const auto range = ranges_.lower_bound(number);
    return range != ranges_.end() && range->second <= number;
  }
  bool empty() const { return ranges_.empty(); }

  // First by last number of each range, in order.
  const absl::btree_map<uint64_t, uint64_t>& ranges() const { return ranges_; }

 private:
  absl::btree_map<uint64_t, uint64_t> ranges_;  // Last -> first.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_NUMBER_SET_H_
