// Flips a bit of a file, to simulate bit rot.
#ifndef PLAYHEAD_TESTS_STORAGE_FLIP_BIT_H_
#define PLAYHEAD_TESTS_STORAGE_FLIP_BIT_H_

#include <cstdint>
#include <fstream>
#include <string>

namespace playhead::storage {

// Of the footer of a table file of RocksDB's format version 5: the kind of checksum, then, as varints, where the
// metaindex block is, and more; without a checksum of its own, and with padding.
inline constexpr uint64_t kTableFooterBytes = 53;

inline void FlipBit(const std::string& path, uint64_t offset, uint64_t bit = 0) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char flipped = static_cast<char>(file.get() ^ (1 << bit));
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(flipped);
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_FLIP_BIT_H_
