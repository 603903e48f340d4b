#include "tools/cli/secret_file.h"

#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

// More than any secret needs.
constexpr size_t kSecretFileBytesMax = 4096;

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return UsageError(absl::StrCat("cannot open ", path));
  }
  std::istream& input = path == "-" ? std::cin : file;
  std::string secret(kSecretFileBytesMax, '\0');
  input.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  secret.resize(static_cast<size_t>(input.gcount()));
  absl::string_view text = secret;
  if (absl::ConsumeSuffix(&text, "\n")) absl::ConsumeSuffix(&text, "\r");
  if (text.empty()) return UsageError(absl::StrCat(path == "-" ? "stdin" : path, " holds no secret"));
  return std::string(text);
}

}  // namespace playhead::tools
