// Keys of the store: fixed-width and big-endian, so that the order of bytes is the order of numbers.
#ifndef PLAYHEAD_STORAGE_KEY_CODEC_H_
#define PLAYHEAD_STORAGE_KEY_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

inline constexpr size_t kInstanceKeyBytes = 6;
inline constexpr size_t kBlockKeyBytes = kInstanceKeyBytes + 8;

// The lowest `bytes` bytes of `value`, most significant first.
inline void AppendBigEndian(uint64_t value, size_t bytes, std::string& out) {
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

inline uint64_t DecodeBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

inline std::string InstanceKey(InstanceNumber instance) {
  std::string key;
  AppendBigEndian(instance.value(), kInstanceKeyBytes, key);
  return key;
}

// The key right after every key that starts with InstanceKey(instance).
inline std::string InstanceKeyEnd(InstanceNumber instance) { return InstanceKey(InstanceNumber(instance.value() + 1)); }

// In `events`: a block's key has the cursor of its last event, so that a seek to "after cursor C" lands on the block
// with the next event.
inline std::string BlockKey(InstanceNumber instance, Cursor last) {
  std::string key = InstanceKey(instance);
  AppendBigEndian(last.value(), 8, key);
  return key;
}

inline Cursor BlockKeyCursor(absl::string_view key) {
  return Cursor(DecodeBigEndian(key.substr(kInstanceKeyBytes, 8)));
}

inline std::string CommitKey(CommitPosition position) {
  std::string key;
  AppendBigEndian(position.value(), 8, key);
  return key;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_KEY_CODEC_H_
