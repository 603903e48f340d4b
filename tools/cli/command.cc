#include "tools/cli/command.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kOverview =
    R"(playhead - a durable event log for each instance, read by cursor

Usage: playhead COMMAND [ARGUMENTS] [FLAGS]

Commands:
)";

constexpr absl::string_view kCommon = R"(
`playhead COMMAND --help`, or `playhead help COMMAND`, explains each. Flags can also be set in the environment
(--target is PLAYHEAD_TARGET) and in a --flagfile; the command line wins, then the environment, then the file.

Exit codes:
  0  done
  1  failed for a reason without a code of its own
  2  wrong flags, arguments or input
  3  not found: an instance, a key, a consumer, a backup
  4  not now: the broker cannot be reached, is busy or cannot write; the same command may succeed later
  5  cannot resume from that cursor (CURSOR_TRIMMED, CURSOR_DIVERGED)
  6  conflicts with existing state (ID_CONFLICT, SEQUENCE_GAP, CONSUMER_EXISTS, RESET_UNCONFIRMED)
  7  stored events cannot be read intact (DATA_LOSS)
  8  the key is missing, wrong or expired; or it, or the broker's flags, do not allow this
130  interrupted before the work was done
An error is one line on stderr: `playhead: REASON: what was wrong`. docs/errors.md lists the reasons.
)";

// Appends the commands whose names start with `beginning`, one a line. False if there are none.
bool AppendCommands(absl::Span<const std::unique_ptr<Command>> commands, absl::string_view beginning,
                    std::string& text) {
  std::vector<Command::Info> shown;
  size_t columns = 0;
  for (const auto& command : commands) {
    if (!absl::StartsWith(command->info().name, beginning)) continue;
    shown.push_back(command->info());
    columns = std::max(columns, shown.back().name.size());
  }
  for (const Command::Info& info : shown) {
    absl::StrAppendFormat(&text, "  %-*s  %s\n", static_cast<int>(columns), info.name, info.summary);
  }
  return !shown.empty();
}

void PrintOverview(absl::Span<const std::unique_ptr<Command>> commands, std::FILE* out) {
  std::string text(kOverview);
  AppendCommands(commands, "", text);
  absl::StrAppend(&text, kCommon);
  std::fputs(text.c_str(), out);
}

// Prints the commands whose first word is `group`. False if there are none.
bool PrintGroup(absl::Span<const std::unique_ptr<Command>> commands, absl::string_view group, std::FILE* out) {
  std::string text = absl::StrCat("Usage: playhead ", group, " COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n");
  const bool found = AppendCommands(commands, absl::StrCat(group, " "), text);
  if (found) std::fputs(text.c_str(), out);
  return found;
}

void PrintHelp(const Command::Info& info, const FlagSet& flags) {
  const std::string text = absl::StrCat("playhead ", info.name, " - ", info.summary, "\n\nUsage: playhead ", info.name,
                                        info.arguments.empty() ? "" : " ", info.arguments, " [FLAGS]\n",
                                        info.description.empty() ? "" : "\n", info.description,
                                        flags.Describe(std::min<size_t>(TerminalColumns(stdout).value_or(100), 100)));
  std::fputs(text.c_str(), stdout);
}

// The command with whose name, of one or two words, `args` start; `words` is the number of these words.
Command* FindCommand(absl::Span<const std::unique_ptr<Command>> commands, absl::Span<const std::string> args,
                     size_t& words) {
  for (words = 2; words > 0; --words) {
    if (args.size() < words) continue;
    const std::string name = words == 1 ? args[0] : absl::StrCat(args[0], " ", args[1]);
    for (const auto& command : commands) {
      if (command->info().name == name) return command.get();
    }
  }
  return nullptr;
}

// Refuses a variable that no command knows: it is a typo that would otherwise go unnoticed.
absl::Status CheckEnvironment(absl::Span<const std::unique_ptr<Command>> commands, const FlagSet& of_command,
                              const absl::btree_map<std::string, std::string>& environment) {
  for (const auto& [variable, value] : environment) {
    // The variable may be for another command.
    bool known = of_command.HasEnvironmentName(variable);
    for (size_t i = 0; i < commands.size() && !known; ++i) {
      FlagSet flags;
      commands[i]->AddFlags(flags);
      known = flags.HasEnvironmentName(variable);
    }
    if (!known) return UsageError(absl::StrCat("unknown flag ", variable, " in the environment"));
  }
  return absl::OkStatus();
}

// `help append` is `append --help`, and `--version` is `version`, as people expect.
std::vector<std::string> AsCommand(std::vector<std::string> args) {
  if (args[0] == "--version") args[0] = "version";
  if (args[0] == "help" && args.size() > 1) {
    args.erase(args.begin());
    args.push_back("--help");
  }
  return args;
}

}  // namespace

int RunCommandLine(absl::Span<const std::unique_ptr<Command>> commands, const std::vector<std::string>& given) {
  if (given.empty()) {
    PrintOverview(commands, stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  const std::vector<std::string> args = AsCommand(given);
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    PrintOverview(commands, stdout);
    return static_cast<int>(ExitCode::kOk);
  }
  size_t words = 0;
  Command* command = FindCommand(commands, args, words);
  if (command == nullptr) {
    const bool help_asked = args.size() == 2 && (args[1] == "--help" || args[1] == "-h");
    if ((args.size() == 1 || help_asked) && PrintGroup(commands, args[0], help_asked ? stdout : stderr)) {
      return static_cast<int>(help_asked ? ExitCode::kOk : ExitCode::kUsage);
    }
    return static_cast<int>(PrintError(UsageError(absl::StrCat("no command \"", args[0], "\"; see playhead --help"))));
  }
  const Command::Info info = command->info();
  FlagSet flags;
  command->AddFlags(flags);
  const auto usage = [&info](absl::string_view message) {
    return static_cast<int>(PrintError(UsageError(absl::StrCat(message, "; see playhead ", info.name, " --help"))));
  };
  const absl::btree_map<std::string, std::string> environment = PlayheadEnvironment();
  const absl::StatusOr<std::vector<std::string>> arguments =
      flags.Parse(absl::MakeConstSpan(args).subspan(words), environment);
  if (!arguments.ok()) return usage(arguments.status().message());
  if (flags.help_asked()) {
    PrintHelp(info, flags);
    return static_cast<int>(ExitCode::kOk);
  }
  if (absl::Status status = CheckEnvironment(commands, flags, environment); !status.ok())
    return usage(status.message());
  if (arguments->size() < info.arguments_min) return usage(absl::StrCat("give ", info.arguments));
  if (arguments->size() > info.arguments_max) {
    return usage(absl::StrCat("unexpected argument \"", (*arguments)[info.arguments_max], "\""));
  }
  return static_cast<int>(PrintError(command->Run(*arguments)));
}

}  // namespace playhead::tools
