// Properties of an output stream: whether it is a terminal, its width, and colours.
#ifndef PLAYHEAD_TOOLS_CLI_TERMINAL_H_
#define PLAYHEAD_TOOLS_CLI_TERMINAL_H_

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::tools {

bool IsTerminal(std::FILE* stream);

// Its width; nullopt if `stream` is not a terminal.
std::optional<size_t> TerminalColumns(std::FILE* stream);

enum class Colour { kDim, kBold, kGreen, kYellow, kRed, kCyan };

// Puts colours around text if `stream` is a terminal and NO_COLOR is not set; see no-color.org.
class Painter {
 public:
  explicit Painter(std::FILE* stream);
  std::string operator()(Colour colour, absl::string_view text) const;

 private:
  bool colours_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_TERMINAL_H_
