// Searches a program's output and files for secrets, whole or in part.
#ifndef PLAYHEAD_TESTS_INTEGRATION_SECRETS_SECRET_SEARCH_H_
#define PLAYHEAD_TESTS_INTEGRATION_SECRETS_SECRET_SEARCH_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace playhead::testing {

// What of a secret gives it away: so many of its bytes in a row.
inline constexpr size_t kSecretFragmentBytes = 8;

// Not thread-safe.
class SecretSearch {
 public:
  // `hidden`: the part of it that nobody may see, without what the product shows on purpose (the id in a key's secret).
  // REQUIRES: at least twice kSecretFragmentBytes.
  void Add(absl::string_view name, absl::string_view hidden);

  // The names of those of which `text` has a fragment: as it is, in hexadecimal digits, or in base64.
  std::set<std::string> FindIn(absl::string_view text) const;
  // The same of every file in the folder and below it, as NAME in FILE.
  std::set<std::string> FindInFolder(const std::string& folder) const;

 private:
  struct Fragment {
    std::string bytes;
    std::string name;
  };
  void AddForm(absl::string_view name, absl::string_view form, size_t fragment_bytes, size_t step);

  // By their first eight bytes.
  absl::flat_hash_map<uint64_t, std::vector<Fragment>> fragments_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_SECRETS_SECRET_SEARCH_H_
