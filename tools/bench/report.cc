#include "tools/bench/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string FormatValue(double value, int decimals) {
  if (decimals > 0) return absl::StrFormat("%.*f", decimals, value);
  return WithThousands(static_cast<uint64_t>(std::llround(std::max(value, 0.0))));
}

}  // namespace

Report& Report::Row(absl::string_view name) {
  rows_.push_back({std::string(name), {}});
  return *this;
}

Report& Report::Figure(absl::string_view key, absl::string_view label, double value, int decimals) {
  rows_.back().cells.push_back({std::string(key), std::string(label), value, decimals});
  return *this;
}

Report& Report::Latencies(absl::string_view prefix, const LatencyHistogram& latencies) {
  const auto add = [&](absl::string_view name, absl::Duration value) {
    std::string key = absl::StrCat(prefix, name, "_us");
    key.erase(std::remove(key.begin(), key.end(), '.'),
              key.end());  // "p99.9" becomes p999: dots in keys are awkward for scripts.
    std::string label = absl::StrCat(prefix, name, " µs");
    std::replace(label.begin(), label.end(), '_', ' ');
    Figure(key, label, absl::ToDoubleMicroseconds(value));
  };
  add("p50", latencies.Percentile(50));
  add("p90", latencies.Percentile(90));
  add("p99", latencies.Percentile(99));
  add("p99.9", latencies.Percentile(99.9));
  add("max", latencies.max());
  return *this;
}

std::string Report::Format(bool json) const {
  std::string out;
  const Painter paint(stdout);
  for (const RowOfCells& row : rows_) {
    if (json) {
      absl::StrAppend(&out, "{\"bench\":", JsonString(row.name));
      for (const Cell& cell : row.cells)
        absl::StrAppendFormat(&out, ",\"%s\":%.*f", cell.key, cell.decimals, cell.value);
      out += "}\n";
      continue;
    }
    absl::StrAppend(&out, paint(Colour::kBold, row.name), "\n");
    for (const Cell& cell : row.cells) {
      absl::StrAppendFormat(&out, "  %14s  %s\n", FormatValue(cell.value, cell.decimals), cell.label);
    }
  }
  return out;
}

}  // namespace playhead::tools
