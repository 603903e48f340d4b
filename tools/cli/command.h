// A command of the CLI: its name, its flags and its action.
#ifndef PLAYHEAD_TOOLS_CLI_COMMAND_H_
#define PLAYHEAD_TOOLS_CLI_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

// One object runs at most once. Not thread-safe.
class Command {
 public:
  struct Info {
    std::string name;         // "append", "bench replay".
    std::string arguments;    // The arguments after the name, without flags: "INSTANCE".
    std::string summary;      // One line.
    std::string description;  // Paragraphs, already wrapped at 80 columns; examples.
    size_t arguments_min = 0;
    size_t arguments_max = 0;
  };

  virtual ~Command() = default;
  virtual Info info() const = 0;

  // Binds the command's flags to its members.
  virtual void AddFlags(FlagSet& flags) = 0;

  // Runs the command; info() bounds the number of `arguments`. The status becomes the exit code (tools/cli/exit_code.h)
  // and, unless it is OK, one line on stderr.
  virtual absl::Status Run(absl::Span<const std::string> arguments) = 0;
};

// Finds the command named by `args` (without the program's name), parses its flags and runs it. Returns the exit code.
int RunCommandLine(absl::Span<const std::unique_ptr<Command>> commands, const std::vector<std::string>& args);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_COMMAND_H_
