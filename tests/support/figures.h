// Reads single metrics from a broker's /metrics, for tests.
#ifndef PLAYHEAD_TESTS_SUPPORT_FIGURES_H_
#define PLAYHEAD_TESTS_SUPPORT_FIGURES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::testing {

// The value of one metric of the broker at HOST:PORT. `name` includes the labels as /metrics prints them. nullopt if
// there is none.
std::optional<double> FindFigure(const std::string& http_address, absl::string_view name);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_FIGURES_H_
