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
  for (absl::string_view text : patterns) {
    const bool is_prefix = absl::ConsumeSuffix(&text, "*");
    const bool everything = is_prefix && text.empty();
    if (!everything && !storage::CheckInstanceName(text).ok()) {
      return MakeError(Reason::kKeyInvalid,
                       "what a key covers is the name of an instance (1 to 200 bytes of [A-Za-z0-9._:@+-]), the "
                       "beginning of names followed by `*`, or `*` alone");
    }
    made.covers_everything_ = made.covers_everything_ || everything;
    made.patterns_.push_back({std::string(text), is_prefix});
  }
  return made;
}

InstancePatterns InstancePatterns::Everything() {
  InstancePatterns everything;
  everything.patterns_.push_back({"", true});
  everything.covers_everything_ = true;
  return everything;
}

bool InstancePatterns::Cover(absl::string_view instance) const {
  return std::any_of(patterns_.begin(), patterns_.end(), [instance](const Pattern& pattern) {
    return pattern.is_prefix ? absl::StartsWith(instance, pattern.text) : instance == pattern.text;
  });
}

std::vector<std::string> InstancePatterns::ToStrings() const {
  std::vector<std::string> texts;
  texts.reserve(patterns_.size());
  for (const Pattern& pattern : patterns_) texts.push_back(absl::StrCat(pattern.text, pattern.is_prefix ? "*" : ""));
  return texts;
}

}  // namespace playhead::broker
