#include "tests/integration/secrets/secret_search.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

uint64_t FirstBytes(const char* text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  return bytes;
}

}  // namespace

void SecretSearch::AddForm(absl::string_view name, absl::string_view form, size_t fragment_bytes, size_t step) {
  for (size_t at = 0; at + fragment_bytes <= form.size(); at += step) {
    const absl::string_view fragment = form.substr(at, fragment_bytes);
    fragments_[FirstBytes(fragment.data())].push_back({std::string(fragment), std::string(name)});
  }
}

void SecretSearch::Add(absl::string_view name, absl::string_view hidden) {
  if (hidden.size() < 2 * kSecretFragmentBytes) std::abort();
  AddForm(name, hidden, kSecretFragmentBytes, 1);
  const std::string hex = absl::BytesToHexString(hidden);
  AddForm(name, hex, 2 * kSecretFragmentBytes, 2);
  AddForm(name, absl::AsciiStrToUpper(hex), 2 * kSecretFragmentBytes, 2);
  std::string spaced;  // The form in which libraries dump bytes.
  for (size_t i = 0; i < hex.size(); i += 2) absl::StrAppend(&spaced, hex.substr(i, 2), " ");
  AddForm(name, spaced, 3 * kSecretFragmentBytes, 3);
  // The encoding depends on the offset modulo 3, and its ends on the neighbouring bytes.
  for (const char* before : {"", "-", "--"}) {
    const std::string padded = absl::StrCat(before, hidden);
    for (std::string encoded : {absl::Base64Escape(padded), absl::WebSafeBase64Escape(padded)}) {
      encoded = encoded.substr(4, encoded.size() - 8);
      AddForm(name, encoded, kSecretFragmentBytes + 4, 1);
    }
  }
}

std::set<std::string> SecretSearch::FindIn(absl::string_view text) const {
  std::set<std::string> found;
  for (size_t at = 0; at + sizeof(uint64_t) <= text.size(); ++at) {
    const auto fragments = fragments_.find(FirstBytes(text.data() + at));
    if (fragments == fragments_.end()) continue;
    for (const Fragment& fragment : fragments->second) {
      if (absl::StartsWith(text.substr(at), fragment.bytes)) found.insert(fragment.name);
    }
  }
  return found;
}

std::set<std::string> SecretSearch::FindInFolder(const std::string& folder) const {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    for (const std::string& name : FindIn(content)) found.insert(absl::StrCat(name, " in ", entry.path().string()));
  }
  return found;
}

}  // namespace playhead::testing
