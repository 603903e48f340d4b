#include "tests/simulation/event_name.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace playhead::storage {

std::string WriteName(const EventName& name) {
  return absl::StrCat(name.instance, " ", name.life, " ", name.session, " ", name.number, " ");
}

std::optional<EventName> ReadName(absl::string_view data) {
  const std::vector<absl::string_view> words = absl::StrSplit(data, absl::MaxSplits(' ', 4));
  EventName name;
  if (words.size() < 5 || !absl::SimpleAtoi(words[1], &name.life) || !absl::SimpleAtoi(words[2], &name.session) ||
      !absl::SimpleAtoi(words[3], &name.number)) {
    return std::nullopt;
  }
  name.instance = std::string(words[0]);
  return name;
}

}  // namespace playhead::storage
