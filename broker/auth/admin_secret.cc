#include "broker/auth/admin_secret.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "broker/private_file.h"

namespace playhead::broker {

absl::StatusOr<SecretHash> LoadAdminSecret(const std::string& path) {
  auto content = ReadPrivateFile(path, kSecretBytesMax + 2);  // Room for a newline.
  if (!content.ok()) return content.status();
  const absl::Cleanup wipe = [&content] { OPENSSL_cleanse(content->data(), content->size()); };
  absl::string_view secret = *content;
  if (absl::ConsumeSuffix(&secret, "\n")) absl::ConsumeSuffix(&secret, "\r");
  const bool visible = std::all_of(secret.begin(), secret.end(),
                                   [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
  if (!visible || secret.size() < kAdminSecretBytesMin || secret.size() > kSecretBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " must hold one line of ", kAdminSecretBytesMin, " to ",
                                                   kSecretBytesMax,
                                                   " visible ASCII characters without spaces: the administrator's "
                                                   "secret, for example from `openssl rand -hex 32`"));
  }
  return SecretHash::Of(secret);
}

}  // namespace playhead::broker
