#include "broker/sessions/session_key.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace playhead::broker {
namespace {

constexpr size_t kKeyBytes = 16;

}  // namespace

std::string SessionKey(absl::string_view dialect, absl::Span<const absl::string_view> parts) {
  std::string text;
  for (const absl::string_view part : parts) absl::StrAppend(&text, part.size(), ":", part);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), hash.data());
  return absl::StrCat(dialect, ".",
                      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash.data()), kKeyBytes)));
}

}  // namespace playhead::broker
