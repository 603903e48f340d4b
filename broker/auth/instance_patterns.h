// The instances that a key covers: exact names, and `prefix*` for all whose names begin so.
#ifndef PLAYHEAD_BROKER_AUTH_INSTANCE_PATTERNS_H_
#define PLAYHEAD_BROKER_AUTH_INSTANCE_PATTERNS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::broker {

inline constexpr size_t kInstancePatternsMax = 64;

// Immutable; thread-safe. Of names alone: what permission a name needs is for others to say.
class InstancePatterns {
 public:
  // The names that begin with `text`, or the one that is it.
  struct Range {
    std::string text;
    bool is_prefix = false;

    bool Has(absl::string_view instance) const {
      return is_prefix ? absl::StartsWith(instance, text) : instance == text;
    }
  };

  // InvalidArgument (KEY_INVALID) unless there are 1 to kInstancePatternsMax, each a possible name, or the beginning of
  // one followed by `*`, or `*`.
  static absl::StatusOr<InstancePatterns> Make(absl::Span<const absl::string_view> patterns);
  static InstancePatterns Everything();

  bool Cover(absl::string_view instance) const;
  // Whether they cover every name that begins with `prefix`.
  bool CoverPrefix(absl::string_view prefix) const;
  bool CoverEverything() const { return !ranges_.empty() && ranges_.front().text.empty(); }

  // As they were given.
  const std::vector<std::string>& texts() const { return texts_; }

  // What they cover, each name once: in the order of the names, and no range overlaps another. So a walk over one after
  // the other lists what is covered in order, at the cost of what it finds.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<std::string> texts_;
  std::vector<Range> ranges_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_INSTANCE_PATTERNS_H_
