#include "broker/auth/admin_secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace playhead::broker {

absl::StatusOr<SecretHash> LoadAdminSecret(const std::string& path) {
  const auto unreadable = [&path] {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot read the administrator's secret from ", path, ": ", std::strerror(errno)));
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable();
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return unreadable();
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("others than its owner may use ", path, ", which holds the administrator's secret: chmod 600 it"));
  }
  std::array<char, kSecretBytesMax + 3> buffer;  // Room for a newline, and to see that there is too much.
  const absl::Cleanup wipe = [&buffer] { OPENSSL_cleanse(buffer.data(), buffer.size()); };
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  absl::string_view secret(buffer.data(), size);
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
