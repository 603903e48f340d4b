// The results of a benchmark: rows of named figures, printed as a table or as JSON, one object a row.
#ifndef PLAYHEAD_TOOLS_BENCH_REPORT_H_
#define PLAYHEAD_TOOLS_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/bench/latency_histogram.h"

namespace playhead::tools {

// Not thread-safe.
class Report {
 public:
  // Starts a row: "append, burst".
  Report& Row(absl::string_view name);

  // Adds a figure to the row; `key` names figure and unit in JSON ("events_per_second"), `label` in the table.
  Report& Figure(absl::string_view key, absl::string_view label, double value, int decimals = 0);
  // p50, p90, p99, p99.9 and max in microseconds, under `prefix` ("ack_").
  Report& Latencies(absl::string_view prefix, const LatencyHistogram& latencies);

  std::string Format(bool json) const;

 private:
  struct Cell {
    std::string key;
    std::string label;
    double value;
    int decimals;
  };
  struct RowOfCells {
    std::string name;
    std::vector<Cell> cells;
  };
  std::vector<RowOfCells> rows_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_REPORT_H_
