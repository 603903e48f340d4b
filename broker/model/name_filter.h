// NameFilter: the event names of a dialect that a client wants.
#ifndef PLAYHEAD_BROKER_MODEL_NAME_FILTER_H_
#define PLAYHEAD_BROKER_MODEL_NAME_FILTER_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/model/kind.h"
#include "proto/event_wire.h"

namespace playhead::broker::model {

// Each dialect builds its filters by its own rules, in its renderer.h. Immutable; any thread.
class NameFilter {
 public:
  enum class Case { kExact, kIgnored };

  static NameFilter All() { return NameFilter(true, Case::kExact, {}); }
  static NameFilter Of(const std::vector<std::string>& names, Case letter_case = Case::kExact) {
    absl::flat_hash_set<std::string> wanted;
    for (const std::string& name : names) wanted.insert(Key(name, letter_case));
    return NameFilter(false, letter_case, std::move(wanted));
  }

  bool Matches(absl::string_view name) const { return all_ || names_.contains(Key(name, case_)); }
  bool matches_all() const { return all_; }

  // The sorted names, which are equal for filters that match the same; empty if the filter matches everything.
  std::vector<std::string> Normalized() const {
    std::vector<std::string> names(names_.begin(), names_.end());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  NameFilter(bool all, Case letter_case, absl::flat_hash_set<std::string> names)
      : all_(all), case_(letter_case), names_(std::move(names)) {}

  static std::string Key(absl::string_view name, Case letter_case) {
    return letter_case == Case::kIgnored ? absl::AsciiStrToLower(name) : std::string(name);
  }

  bool all_;
  Case case_;
  absl::flat_hash_set<std::string> names_;
};

// Whether the event, judged by its dialect and type alone, could have a frame that `filter` matches: in its own dialect
// by its type, in others by the names in `column` of its kinds. For RenderingDialect::may_show.
inline bool MayShow(const EventView& event, Dialect own, absl::string_view KindRow::*column, const NameFilter& filter) {
  const Dialect dialect = DialectOf(event);
  if (dialect == own) return filter.Matches(event.type);
  const absl::Span<const Kind> kinds = KindsOf(dialect, event.type);
  return std::any_of(kinds.begin(), kinds.end(), [&](Kind kind) {
    const absl::string_view name = RowOf(kind).*column;
    return !name.empty() && filter.Matches(name);
  });
}

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_NAME_FILTER_H_
