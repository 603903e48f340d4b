// EventName: which event of which run of appends one is. The data of each event of the simulation begins with its name,
// so that an event tells where it belongs.
#ifndef PLAYHEAD_TESTS_SIMULATION_EVENT_NAME_H_
#define PLAYHEAD_TESTS_SIMULATION_EVENT_NAME_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::storage {

struct EventName {
  std::string instance;
  uint64_t life = 0;     // Of the instance's name: rises with each deletion.
  uint64_t session = 0;  // Appends of one session keep their order.
  uint64_t number = 0;   // Of the session's events of this instance and life, from 1.

  friend auto operator<=>(const EventName&, const EventName&) = default;
};

std::string WriteName(const EventName& name);
// nullopt if the data does not begin with a name.
std::optional<EventName> ReadName(absl::string_view data);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_EVENT_NAME_H_
