// Cuts text between characters.
#ifndef PLAYHEAD_BROKER_UTF8_PREFIX_H_
#define PLAYHEAD_BROKER_UTF8_PREFIX_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace playhead::broker {

// The longest prefix of `text`, which is UTF-8, that has at most `bytes_max` bytes and does not end within a character.
inline absl::string_view Utf8Prefix(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t bytes = bytes_max;
  // Bytes 10xxxxxx continue a character (RFC 3629, 3).
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_UTF8_PREFIX_H_
