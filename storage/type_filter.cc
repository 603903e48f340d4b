#include "storage/type_filter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/limits.h"

namespace playhead::storage {

absl::StatusOr<TypeFilter> TypeFilter::Make(absl::Span<const absl::string_view> patterns) {
  if (patterns.size() > kPatternsMax) {
    return MakeError(Reason::kFilterInvalid,
                     absl::StrCat("a filter has ", patterns.size(), " types; at most ", kPatternsMax, " are allowed"));
  }
  TypeFilter filter;
  filter.matches_all_ = patterns.empty();
  for (absl::string_view pattern : patterns) {
    const bool is_prefix = absl::ConsumeSuffix(&pattern, "*");
    if (pattern.size() > kTypeBytesMax || (pattern.empty() && !is_prefix)) {
      return MakeError(Reason::kFilterInvalid,
                       absl::StrCat("a filter's type has ", pattern.size(), " bytes; 1 to ", kTypeBytesMax,
                                    " are allowed, with `*` at the end for a prefix"));
    }
    if (!is_prefix) {
      filter.exact_.emplace(pattern);
    } else if (pattern.empty()) {
      filter.matches_all_ = true;
    } else {
      filter.prefixes_.emplace_back(pattern);
    }
  }
  return filter;
}

bool TypeFilter::Matches(absl::string_view type) const {
  return matches_all_ || exact_.contains(type) ||
         std::any_of(prefixes_.begin(), prefixes_.end(),
                     [type](const std::string& prefix) { return absl::StartsWith(type, prefix); });
}

}  // namespace playhead::storage
