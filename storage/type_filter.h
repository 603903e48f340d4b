// A filter over event types: exact names and `prefix*`.
#ifndef PLAYHEAD_STORAGE_TYPE_FILTER_H_
#define PLAYHEAD_STORAGE_TYPE_FILTER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::storage {

// Immutable once made; safe to share between threads.
class TypeFilter {
 public:
  static constexpr size_t kPatternsMax = 64;

  // Matches everything.
  TypeFilter() = default;

  // `patterns` are exact types, or prefixes that end in `*`; a lone `*` matches everything, and so does an empty list.
  //   InvalidArgument (FILTER_INVALID)  too many patterns, an empty one, or one longer than a type can be.
  static absl::StatusOr<TypeFilter> Make(absl::Span<const absl::string_view> patterns);

  bool MatchesAll() const { return matches_all_; }
  bool Matches(absl::string_view type) const;

 private:
  bool matches_all_ = true;
  absl::flat_hash_set<std::string> exact_;
  std::vector<std::string> prefixes_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_TYPE_FILTER_H_
