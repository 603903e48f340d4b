#include "broker/auth/instance_patterns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/event_log.h"

namespace playhead::broker {

absl::StatusOr<InstancePatterns> InstancePatterns::Make(absl::Span<const absl::string_view> patterns) {
  if (patterns.empty() || patterns.size() > kInstancePatternsMax) {
    return MakeError(Reason::kKeyInvalid,
                     absl::StrCat("a key covers 1 to ", kInstancePatternsMax,
                                  " names or prefixes of instances; given were ", patterns.size()));
  }
  InstancePatterns made;
  std::vector<Range> all;
  for (absl::string_view text : patterns) {
    made.texts_.emplace_back(text);
    const bool is_prefix = absl::ConsumeSuffix(&text, "*");
    const bool everything = is_prefix && text.empty();
    if (!everything && !storage::CheckInstanceName(text).ok()) {
      return MakeError(Reason::kKeyInvalid,
                       "what a key covers is the name of an instance (1 to 200 bytes of [A-Za-z0-9._:@+-]), the "
                       "beginning of names followed by `*`, or `*` alone");
    }
    all.push_back({std::string(text), is_prefix});
  }
  // A prefix sorts right before everything it covers, including an equal exact name.
  std::sort(all.begin(), all.end(), [](const Range& a, const Range& b) {
    return a.text != b.text ? a.text < b.text : a.is_prefix && !b.is_prefix;
  });
  for (Range& range : all) {
    if (made.ranges_.empty() || !made.ranges_.back().Has(range.text)) made.ranges_.push_back(std::move(range));
  }
  return made;
}

InstancePatterns InstancePatterns::Everything() {
  InstancePatterns everything;
  everything.texts_.push_back("*");
  everything.ranges_.push_back({"", true});
  return everything;
}

bool InstancePatterns::Cover(absl::string_view instance) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [instance](const Range& range) { return range.Has(instance); });
}

bool InstancePatterns::CoverPrefix(absl::string_view prefix) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [prefix](const Range& range) { return range.is_prefix && range.Has(prefix); });
}

}  // namespace playhead::broker
