#include "tools/cli/flags.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kEnvironmentPrefix = "PLAYHEAD_";

std::string EnvironmentName(absl::string_view flag) {
  return absl::StrCat(kEnvironmentPrefix, absl::AsciiStrToUpper(flag));
}

absl::Status BadValue(absl::string_view value, absl::string_view allowed) {
  return UsageError(absl::StrCat("\"", value, "\" is not ", allowed));
}

// Wraps `text` into lines of at most `columns`, all but the first indented by `indent`.
std::string Wrap(absl::string_view text, size_t indent, size_t columns) {
  std::string out;
  size_t used = indent;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (used > indent && used + 1 + word.size() > columns) {
      absl::StrAppend(&out, "\n", std::string(indent, ' '));
      used = indent;
    } else if (used > indent) {
      out += ' ';
      ++used;
    }
    absl::StrAppend(&out, word);
    used += word.size();
  }
  return out;
}

}  // namespace

FlagSet::FlagSet() {
  Add({.name = "help", .help = "Show this.", .set = [this](absl::string_view) {
         help_asked_ = true;
         return absl::OkStatus();
       }});
  Text("flagfile", &flagfile_, "FILE", "Read flags from this file, one name=value a line.");
}

void FlagSet::Section(absl::string_view title) { section_ = std::string(title); }

void FlagSet::Add(Flag flag) {
  flag.section = section_;
  flags_.push_back(std::move(flag));
}

void FlagSet::Text(absl::string_view name, std::string* target, absl::string_view hint, absl::string_view help) {
  Add({.name = std::string(name),
       .hint = std::string(hint),
       .help = std::string(help),
       .default_value = *target,
       .set = [target](absl::string_view value) {
         *target = std::string(value);
         return absl::OkStatus();
       }});
}

void FlagSet::Texts(absl::string_view name, std::vector<std::string>* target, absl::string_view hint,
                    absl::string_view help) {
  Add({.name = std::string(name),
       .hint = std::string(hint),
       .help = std::string(help),
       .default_value = absl::StrJoin(*target, ","),
       .repeatable = true,
       .set = [target](absl::string_view value) {
         target->push_back(std::string(value));
         return absl::OkStatus();
       }});
}

void FlagSet::Bool(absl::string_view name, bool* target, absl::string_view help) {
  Add({.name = std::string(name),
       .help = std::string(help),
       .default_value = *target ? "true" : "",
       .set = [target](absl::string_view value) {
         if (value != "true" && value != "false") return BadValue(value, "true or false");
         *target = value == "true";
         return absl::OkStatus();
       }});
}

void FlagSet::AddNumber(absl::string_view name, uint64_t min, uint64_t max, uint64_t now, absl::string_view hint,
                        absl::string_view help, std::function<void(uint64_t)> set) {
  Add({.name = std::string(name),
       .hint = std::string(hint),
       .help = std::string(help),
       .default_value = absl::StrCat(now),
       .set = [min, max, set = std::move(set)](absl::string_view value) {
         uint64_t number = 0;
         if (!absl::SimpleAtoi(value, &number) || number < min || number > max) {
           return BadValue(value, absl::StrCat("a number from ", min, " to ", max));
         }
         set(number);
         return absl::OkStatus();
       }});
}

void FlagSet::OptionalNumber(absl::string_view name, std::optional<uint64_t>* target, absl::string_view hint,
                             absl::string_view help) {
  AddNumber(name, 0, std::numeric_limits<int64_t>::max(), 0, hint, help, [target](uint64_t value) { *target = value; });
  flags_.back().default_value.clear();
}

void FlagSet::AddBytes(absl::string_view name, uint64_t min, uint64_t max, uint64_t now, absl::string_view help,
                       std::function<void(uint64_t)> set) {
  Add({.name = std::string(name),
       .hint = "SIZE",
       .help = std::string(help),
       .default_value = FormatBytes(now),
       .set = [min, max, set = std::move(set)](absl::string_view value) {
         const std::optional<uint64_t> bytes = ParseBytes(value);
         if (!bytes.has_value() || *bytes < min || *bytes > max) {
           return BadValue(value, absl::StrCat("a size from ", FormatBytes(min), " to ", FormatBytes(max)));
         }
         set(*bytes);
         return absl::OkStatus();
       }});
}

void FlagSet::Duration(absl::string_view name, absl::Duration* target, absl::Duration min, absl::Duration max,
                       absl::string_view help) {
  Add({.name = std::string(name),
       .hint = "TIME",
       .help = std::string(help),
       .default_value = absl::FormatDuration(*target),
       .set = [target, min, max](absl::string_view value) {
         const std::optional<absl::Duration> duration = ParseDuration(value);
         if (!duration.has_value() || *duration < min || *duration > max) {
           return BadValue(value,
                           absl::StrCat("a time from ", absl::FormatDuration(min), " to ", absl::FormatDuration(max)));
         }
         *target = *duration;
         return absl::OkStatus();
       }});
}

void FlagSet::Words(absl::string_view name, const std::vector<std::string>& words, absl::string_view now,
                    absl::string_view help, std::function<void(size_t)> set) {
  Add({.name = std::string(name),
       .hint = absl::StrJoin(words, "|"),
       .help = std::string(help),
       .default_value = std::string(now),
       .set = [words, set = std::move(set)](absl::string_view value) {
         const auto found = std::find(words.begin(), words.end(), std::string(value));
         if (found == words.end()) return BadValue(value, absl::StrJoin(words, " or "));
         set(static_cast<size_t>(found - words.begin()));
         return absl::OkStatus();
       }});
}

const FlagSet::Flag* FlagSet::Find(absl::string_view name) const {
  for (const Flag& flag : flags_) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

bool FlagSet::WasSet(absl::string_view name) const {
  const Flag* flag = Find(name);
  return flag != nullptr && flag->was_set;
}

absl::StatusOr<std::vector<std::string>> FlagSet::ReadArguments(absl::Span<const std::string> args, GivenFlags& given) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (arg == "--") {
      rest.insert(rest.end(), args.begin() + static_cast<ptrdiff_t>(i) + 1, args.end());
      break;
    }
    if (arg == "-h") arg = "--help";
    if (!absl::ConsumePrefix(&arg, "--")) {
      if (arg.size() > 1 && arg[0] == '-')
        return UsageError(absl::StrCat("unknown flag ", arg, "; flags start with --"));
      rest.push_back(args[i]);
      continue;
    }
    const std::vector<std::string> parts = absl::StrSplit(arg, absl::MaxSplits('=', 1));
    // Accept hyphens in place of underscores.
    const Flag* flag = Find(absl::StrReplaceAll(parts[0], {{"-", "_"}}));
    if (flag == nullptr) return UsageError(absl::StrCat("unknown flag --", parts[0]));
    std::string value;
    if (parts.size() == 2) {
      value = parts[1];
    } else if (flag->hint.empty()) {
      value = "true";
    } else if (i + 1 < args.size()) {
      value = args[++i];
    } else {
      return UsageError(absl::StrCat("--", flag->name, " needs a value: --", flag->name, "=", flag->hint));
    }
    given[flag->name].push_back({.value = std::move(value), .source = ""});
  }
  return rest;
}

absl::Status FlagSet::ReadFile(const std::string& path, GivenFlags& given) const {
  std::ifstream file(path);
  if (!file) return UsageError(absl::StrCat("cannot read the flag file ", path));
  GivenFlags in_file;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#') continue;
    absl::ConsumePrefix(&text, "--");
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    const Flag* flag = Find(parts[0]);
    const std::string source = absl::StrCat(path, ":", number);
    if (flag == nullptr || flag->name == "flagfile" || flag->name == "help") {
      return UsageError(absl::StrCat("unknown flag ", parts[0], " (", source, ")"));
    }
    if (parts.size() < 2 && !flag->hint.empty()) {
      return UsageError(absl::StrCat(flag->name, " needs a value (", source, ")"));
    }
    in_file[flag->name].push_back({.value = parts.size() == 2 ? parts[1] : "true", .source = source});
  }
  for (auto& [name, values] : in_file) given.try_emplace(name, std::move(values));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FlagSet::Parse(absl::Span<const std::string> args,
                                                        const absl::btree_map<std::string, std::string>& environment) {
  GivenFlags given;
  absl::StatusOr<std::vector<std::string>> rest = ReadArguments(args, given);
  if (!rest.ok()) return rest;
  if (given.contains("help")) {
    help_asked_ = true;
    return rest;
  }
  for (const Flag& flag : flags_) {
    const std::string variable = EnvironmentName(flag.name);
    const auto value = environment.find(variable);
    if (value == environment.end() || flag.name == "help") continue;
    given.try_emplace(flag.name, std::vector<Given>{{.value = value->second, .source = variable}});
  }
  if (const auto file = given.find("flagfile"); file != given.end()) {
    if (absl::Status status = ReadFile(file->second.back().value, given); !status.ok()) return status;
  }
  for (Flag& flag : flags_) {
    const auto values = given.find(flag.name);
    if (values == given.end()) continue;
    // The last of several counts, so that flags appended to a script's own override them.
    if (!flag.repeatable) values->second.erase(values->second.begin(), values->second.end() - 1);
    for (const auto& [value, source] : values->second) {
      if (absl::Status status = flag.set(value); !status.ok()) {
        return UsageError(absl::StrCat("--", flag.name, ": ", status.message(),
                                       source.empty() ? "" : absl::StrCat(" (", source, ")")));
      }
    }
    flag.was_set = true;
  }
  return rest;
}

std::string FlagSet::Describe(size_t columns) const {
  std::string out;
  std::vector<std::string> sections;
  for (const Flag& flag : flags_) {
    if (std::find(sections.begin(), sections.end(), flag.section) == sections.end()) sections.push_back(flag.section);
  }
  // Put the flags of all commands last.
  std::rotate(sections.begin(), sections.begin() + 1, sections.end());
  constexpr size_t kIndent = 6;
  for (const std::string& section : sections) {
    absl::StrAppend(&out, "\n", section.empty() ? "Other flags" : section, ":\n");
    for (const Flag& flag : flags_) {
      if (flag.section != section) continue;
      absl::StrAppend(&out, "  --", flag.name, flag.hint.empty() ? "" : "=", flag.hint);
      if (!flag.default_value.empty()) absl::StrAppend(&out, "  (", flag.default_value, ")");
      absl::StrAppend(&out, "\n", std::string(kIndent, ' '), Wrap(flag.help, kIndent, columns), "\n");
    }
  }
  return out;
}

bool FlagSet::HasEnvironmentName(absl::string_view variable) const {
  return std::any_of(flags_.begin(), flags_.end(),
                     [variable](const Flag& flag) { return EnvironmentName(flag.name) == variable; });
}

absl::btree_map<std::string, std::string> PlayheadEnvironment() {
  absl::btree_map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::vector<std::string> parts = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    absl::string_view name = parts[0];
    if (parts.size() != 2 || !absl::ConsumePrefix(&name, kEnvironmentPrefix)) continue;
    if (name == "PORT" || absl::StartsWith(name, "PORT_") || absl::StartsWith(name, "SERVICE_")) continue;
    variables[parts[0]] = parts[1];
  }
  return variables;
}

}  // namespace playhead::tools
