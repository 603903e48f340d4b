#include "broker/dialects/vzaps/subscribed_events.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/model/kind.h"
#include "proto/errors.h"
#include "storage/limits.h"

namespace playhead::broker::vzaps {
namespace {

std::vector<absl::string_view> KnownNames() {
  std::vector<absl::string_view> known;
  for (size_t i = 0; i < model::kKindCount; ++i) {
    const absl::string_view name = model::RowOf(static_cast<model::Kind>(i)).vzaps;
    if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  return known;
}

bool IsAmong(absl::string_view name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& other) { return absl::EqualsIgnoreCase(name, other); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<SubscribedEvents>> LoadSubscribedEvents(storage::RecordStore& records) {
  return SubscribedEvents::Load(records, "vzaps/events/", "subscribed events");
}

absl::StatusOr<std::vector<std::string>> CheckEventNames(const std::vector<std::string>& names) {
  const std::vector<absl::string_view> known = KnownNames();
  const std::string allowed = absl::StrCat(absl::StrJoin(known, ", "), ", or ", kAllEvents);
  if (names.empty()) {
    return MakeError(Reason::kFilterInvalid,
                     absl::StrCat("no event is named: give some of ", allowed, "; or clear the setting"));
  }
  for (const std::string& name : names) {
    const bool is_known = absl::EqualsIgnoreCase(name, kAllEvents) ||
                          std::any_of(known.begin(), known.end(),
                                      [&](absl::string_view other) { return absl::EqualsIgnoreCase(name, other); });
    if (!is_known) {
      return MakeError(Reason::kFilterInvalid,
                       absl::StrCat("VZaps has no event \"", absl::CHexEscape(name.substr(0, storage::kTypeBytesMax)),
                                    "\": it has ", allowed));
    }
  }
  if (IsAmong(kAllEvents, names)) return std::vector<std::string>{std::string(kAllEvents)};
  std::vector<std::string> events;
  for (const absl::string_view name : known) {
    if (IsAmong(name, names)) events.emplace_back(name);
  }
  return events;
}

}  // namespace playhead::broker::vzaps
