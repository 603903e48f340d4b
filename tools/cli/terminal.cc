#include "tools/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace playhead::tools {
namespace {

absl::string_view Code(Colour colour) {
  switch (colour) {
    case Colour::kDim:
      return "2";
    case Colour::kBold:
      return "1";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kRed:
      return "31";
    case Colour::kCyan:
      return "36";
  }
  return "0";
}

bool WantsColours(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return IsTerminal(stream) && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || absl::string_view(term) != "dumb");
}

}  // namespace

bool IsTerminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

std::optional<size_t> TerminalColumns(std::FILE* stream) {
  if (!IsTerminal(stream)) return std::nullopt;
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

Painter::Painter(std::FILE* stream) : colours_(WantsColours(stream)) {}

std::string Painter::operator()(Colour colour, absl::string_view text) const {
  if (!colours_) return std::string(text);
  return absl::StrCat("\x1b[", Code(colour), "m", text, "\x1b[0m");
}

}  // namespace playhead::tools
