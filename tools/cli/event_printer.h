// Prints events as lines: JSON for programs, columns for people.
#ifndef PLAYHEAD_TOOLS_CLI_EVENT_PRINTER_H_
#define PLAYHEAD_TOOLS_CLI_EVENT_PRINTER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"
#include "tools/cli/terminal.h"

namespace playhead::tools {

class EventPrinter {
 public:
  struct Options {
    bool json = false;
    bool show_instance = false;  // In columns; JSON always has it.
  };

  explicit EventPrinter(const Options& options);

  // Appends `event` as a line to `out`. Thread-safe.
  void Format(absl::string_view instance, const EventView& event, std::string& out) const;

 private:
  const Options options_;
  const Painter paint_;
  const std::optional<size_t> columns_;
};

// Writes `text` to stdout and flushes. FailedError if that fails; see IsOutputClosed.
absl::Status WriteOut(absl::string_view text);

// Whether `status` is WriteOut's error for a closed pipe: the command then ends successfully.
bool IsOutputClosed(const absl::Status& status);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_EVENT_PRINTER_H_
