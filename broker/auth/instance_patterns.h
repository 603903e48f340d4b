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

// Instances whose names begin with this are the broker's own, such as the audit log.
inline constexpr absl::string_view kOwnInstancesPrefix = "playhead.";
inline bool IsOwnInstance(absl::string_view instance) { return absl::StartsWith(instance, kOwnInstancesPrefix); }

// Immutable; thread-safe. Of names alone: what permission a name needs is for others to say.
class InstancePatterns {
 public:
  // InvalidArgument (KEY_INVALID) unless there are 1 to kInstancePatternsMax, each a possible name, or the beginning of
  // one followed by `*`.
  static absl::StatusOr<InstancePatterns> Make(absl::Span<const absl::string_view> patterns);
  static InstancePatterns Everything();

  bool Cover(absl::string_view instance) const;
  bool CoverEverything() const { return covers_everything_; }

  // As they were given.
  std::vector<std::string> ToStrings() const;
  // For each pattern the part that a name must begin with, or be.
  struct Pattern {
    std::string text;
    bool is_prefix = false;
  };
  const std::vector<Pattern>& patterns() const { return patterns_; }

 private:
  std::vector<Pattern> patterns_;
  bool covers_everything_ = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_INSTANCE_PATTERNS_H_
