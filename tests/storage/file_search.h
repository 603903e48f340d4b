// Searches every file of a folder for bytes, for tests that check that something has left the disk.
#ifndef PLAYHEAD_TESTS_STORAGE_FILE_SEARCH_H_
#define PLAYHEAD_TESTS_STORAGE_FILE_SEARCH_H_

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::testing {

// Names of the files under `dir` in which `text` stands. Files may come and go meanwhile.
inline std::vector<std::string> FilesWith(const std::string& dir, absl::string_view text) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (absl::StrContains(bytes, text)) found.push_back(entry.path().filename().string());
  }
  return found;
}

// Neither compressible nor the same for any two numbers, so that each stands in the files as it is.
inline std::string Secret(int i) { return absl::StrCat("qZ7-", i * 7919, "-secret-", i * 104729, "-Xw9"); }

// Forty letters and digits, as good as random: compression leaves nearly all of them whole.
inline std::string Token(uint64_t i) {
  static constexpr absl::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string token;
  uint64_t state = i;
  while (token.size() < 40) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15;  // splitmix64.
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    token.push_back(kLetters[(mixed ^ (mixed >> 31)) % kLetters.size()]);
  }
  return token;
}

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_STORAGE_FILE_SEARCH_H_
