#include "storage/event_filter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/limits.h"

namespace playhead::storage {

absl::StatusOr<EventFilter> EventFilter::Make(absl::Span<const absl::string_view> types, absl::string_view id_prefix) {
  if (types.size() > kPatternsMax) {
    return MakeError(Reason::kFilterInvalid,
                     absl::StrCat("a filter has ", types.size(), " types; at most ", kPatternsMax, " are allowed"));
  }
  if (id_prefix.size() > kEventIdBytesMax) {
    return MakeError(Reason::kFilterInvalid, absl::StrCat("a filter's id_prefix has ", id_prefix.size(),
                                                          " bytes; up to ", kEventIdBytesMax, " are allowed"));
  }
  EventFilter filter;
  filter.id_prefix_ = std::string(id_prefix);
  filter.shown_ = types.empty();
  for (absl::string_view pattern : types) {
    const bool is_prefix = absl::ConsumeSuffix(&pattern, "*");
    if (pattern.size() > kTypeBytesMax || (pattern.empty() && !is_prefix)) {
      return MakeError(Reason::kFilterInvalid,
                       absl::StrCat("a filter's type has ", pattern.size(), " bytes; 1 to ", kTypeBytesMax,
                                    " are allowed, with `*` at the end for a prefix"));
    }
    filter.names_hidden_ |= IsHiddenType(pattern);
    if (!is_prefix) {
      filter.exact_.emplace(pattern);
    } else if (pattern.empty()) {
      filter.shown_ = true;
    } else {
      filter.prefixes_.emplace_back(pattern);
    }
  }
  return filter;
}

bool EventFilter::MatchesType(absl::string_view type) const {
  const bool hidden = IsHiddenType(type);
  return (shown_ && !hidden) || exact_.contains(type) ||
         std::any_of(prefixes_.begin(), prefixes_.end(), [type, hidden](const std::string& prefix) {
           return absl::StartsWith(type, prefix) && (!hidden || IsHiddenType(prefix));
         });
}

}  // namespace playhead::storage
