// EventName: identifies an event by its instance, life, append session and number. The data of each simulated event
// begins with its name.
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
  uint64_t life = 0;     // The life of the instance's name. Rises with each deletion.
  uint64_t session = 0;  // Appends of one session keep their order.
  uint64_t number = 0;   // Counts the session's events in this instance and life, from 1.

  friend auto operator<=>(const EventName&, const EventName&) = default;
};

std::string WriteName(const EventName& name);
// nullopt if the data does not begin with a name.
std::optional<EventName> ReadName(absl::string_view data);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_EVENT_NAME_H_
