#include "broker/webhook/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace playhead::broker::webhook {
namespace {

constexpr absl::string_view kPrefix = "sha256=";

Signature Sign(absl::string_view body, absl::string_view app_secret) {
  Signature signature;
  unsigned int size = 0;
  HMAC(EVP_sha256(), app_secret.data(), static_cast<int>(app_secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), signature.data(), &size);
  return signature;
}

}  // namespace

std::optional<Signature> ParseSignature(absl::string_view header) {
  if (!absl::ConsumePrefix(&header, kPrefix)) return std::nullopt;
  Signature signature;
  const bool is_hex = std::all_of(header.begin(), header.end(),
                                  [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  if (header.size() != 2 * signature.size() || !is_hex) return std::nullopt;
  const std::string bytes = absl::HexStringToBytes(header);
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

std::string SignatureHeader(absl::string_view body, absl::string_view app_secret) {
  const Signature signature = Sign(body, app_secret);
  return absl::StrCat(kPrefix,
                      absl::BytesToHexString({reinterpret_cast<const char*>(signature.data()), signature.size()}));
}

bool SignatureHolds(const Signature& signature, absl::string_view body, absl::string_view app_secret) {
  const Signature right = Sign(body, app_secret);
  return CRYPTO_memcmp(right.data(), signature.data(), right.size()) == 0;
}

}  // namespace playhead::broker::webhook
