#include "tests/support/figures.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

std::optional<double> FindFigure(const std::string& http_address, absl::string_view name) {
  const std::string figures = HttpConnection(http_address).Get("/metrics").body;
  for (absl::string_view line : absl::StrSplit(figures, '\n')) {
    double value = 0;
    if (absl::ConsumePrefix(&line, absl::StrCat(name, " ")) && absl::SimpleAtod(line, &value)) return value;
  }
  return std::nullopt;
}

}  // namespace playhead::testing
