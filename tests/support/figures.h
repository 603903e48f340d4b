// What a broker says of itself under /metrics, for tests.
#ifndef PLAYHEAD_TESTS_SUPPORT_FIGURES_H_
#define PLAYHEAD_TESTS_SUPPORT_FIGURES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::testing {

// Asks the broker at HOST:PORT for one figure, by its name with its labels as the text has them. nullopt if there is
// none.
std::optional<double> FindFigure(const std::string& http_address, absl::string_view name);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_FIGURES_H_
