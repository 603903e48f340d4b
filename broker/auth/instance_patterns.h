// The instances that a key covers: exact names, and `prefix*` for all names with that prefix.
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

// Immutable; thread-safe. About names only: which permission a name needs is decided elsewhere.
class InstancePatterns {
 public:
  // All names that begin with `text`, or only `text` itself.
  struct Range {
    std::string text;
    bool is_prefix = false;

    bool Has(absl::string_view instance) const {
      return is_prefix ? absl::StartsWith(instance, text) : instance == text;
    }
  };

  // InvalidArgument (KEY_INVALID) unless there are 1 to kInstancePatternsMax, each a valid name, the beginning of one
  // followed by `*`, or `*`.
  static absl::StatusOr<InstancePatterns> Make(absl::Span<const absl::string_view> patterns);
  static InstancePatterns Everything();

  bool Cover(absl::string_view instance) const;
  // Whether they cover every name that begins with `prefix`.
  bool CoverPrefix(absl::string_view prefix) const;
  bool CoverEverything() const { return !ranges_.empty() && ranges_.front().text.empty(); }

  // The patterns as given to Make.
  const std::vector<std::string>& texts() const { return texts_; }

  // The covered names as ranges, sorted by name and without overlaps. Walking them in order lists what is covered in
  // order, at a cost proportional to what is found.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::vector<std::string> texts_;
  std::vector<Range> ranges_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_INSTANCE_PATTERNS_H_
