// Selects events by type (exact names and `prefix*`) and by a prefix of their ids.
//
// Types that begin with `playhead.hidden.` are the broker's own: only a filter that names them lets them through; every
// other reader passes over them like any filtered event.
#ifndef PLAYHEAD_STORAGE_EVENT_FILTER_H_
#define PLAYHEAD_STORAGE_EVENT_FILTER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::storage {

inline constexpr absl::string_view kHiddenTypePrefix = "playhead.hidden.";

inline bool IsHiddenType(absl::string_view type) { return absl::StartsWith(type, kHiddenTypePrefix); }

// Immutable once made; safe to share between threads.
class EventFilter {
 public:
  static constexpr size_t kPatternsMax = 64;

  // Matches everything that is not hidden.
  EventFilter() = default;

  // `types` are exact types, or prefixes that end in `*`; a lone `*` is every type that is not hidden, and so is an
  // empty list. A hidden type is named exactly, or by a prefix that itself begins with kHiddenTypePrefix. An empty
  // `id_prefix` is every event; any other leaves out those that have no id.
  //   InvalidArgument (FILTER_INVALID)  too many patterns, an empty one, or one longer than a type can be; a prefix
  //                                     longer than an id can be.
  static absl::StatusOr<EventFilter> Make(absl::Span<const absl::string_view> types, absl::string_view id_prefix = "");

  // Whether it lets every type through, except hidden types that it does not name.
  bool MatchesShownTypes() const { return shown_; }
  bool MatchesType(absl::string_view type) const;
  const std::string& id_prefix() const { return id_prefix_; }

  // Whether it names hidden types, so that these can pass.
  bool NamesHiddenTypes() const { return names_hidden_; }

  // Whether it is equivalent to having no filter.
  bool IsDefault() const { return shown_ && exact_.empty() && prefixes_.empty() && id_prefix_.empty(); }

 private:
  bool shown_ = true;
  bool names_hidden_ = false;
  absl::flat_hash_set<std::string> exact_;
  std::vector<std::string> prefixes_;
  std::string id_prefix_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_EVENT_FILTER_H_
