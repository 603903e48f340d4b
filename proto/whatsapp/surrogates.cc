#include "proto/whatsapp/surrogates.h"

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace playhead::whatsapp {
namespace {

constexpr size_t kEscapeSize = 6;  // \uXXXX

// The code unit escaped at `at`; 0 if there is none.
uint32_t CodeUnit(const std::string& json, size_t at) {
  if (json.size() - at < kEscapeSize || json[at] != '\\' || json[at + 1] != 'u') return 0;
  uint32_t unit = 0;
  const char* const digits = json.data() + at + 2;
  const auto [end, error] = std::from_chars(digits, digits + 4, unit, 16);
  return error == std::errc() && end == digits + 4 ? unit : 0;
}

bool IsHigh(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLow(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

void ReplaceLoneSurrogates(std::string& json) {
  size_t at = 0;
  while ((at = json.find('\\', at)) != std::string::npos) {
    const uint32_t unit = CodeUnit(json, at);
    if (IsHigh(unit) && IsLow(CodeUnit(json, at + kEscapeSize))) {
      at += 2 * kEscapeSize;
    } else if (IsHigh(unit) || IsLow(unit)) {
      json.replace(at, kEscapeSize, "\\ufffd");
      at += kEscapeSize;
    } else {
      at += 2;  // The backslash and what it escapes, which may be a backslash.
    }
  }
}

}  // namespace playhead::whatsapp
