// The flags of one command: a table that binds each to a variable, parses them and describes them.
//
// A value comes from `--name=value` (or `--name value`), else from the environment (`PLAYHEAD_NAME`), else from the
// file that --flagfile names (one `name=value` a line, `#` comments), else it is the variable's initial value. Unknown
// names are refused, wherever they come from.
#ifndef PLAYHEAD_TOOLS_CLI_FLAGS_H_
#define PLAYHEAD_TOOLS_CLI_FLAGS_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace playhead::tools {

// Not thread-safe. Targets must outlive the set; a target's value when the flag is added is the default.
class FlagSet {
 public:
  FlagSet();

  // Starts a group of flags in the help.
  void Section(absl::string_view title);

  void Text(absl::string_view name, std::string* target, absl::string_view hint, absl::string_view help);
  // May be given several times.
  void Texts(absl::string_view name, std::vector<std::string>* target, absl::string_view hint, absl::string_view help);
  void Bool(absl::string_view name, bool* target, absl::string_view help);
  // Any unsigned type.
  template <typename Integer>
  void Number(absl::string_view name, Integer* target, Integer min, Integer max, absl::string_view help) {
    AddNumber(name, min, max, *target, "N", help, [target](uint64_t value) { *target = static_cast<Integer>(value); });
  }
  void OptionalNumber(absl::string_view name, std::optional<uint64_t>* target, absl::string_view hint,
                      absl::string_view help);
  // A size such as 64MiB.
  template <typename Integer>
  void Bytes(absl::string_view name, Integer* target, Integer min, Integer max, absl::string_view help) {
    AddBytes(name, min, max, *target, help, [target](uint64_t value) { *target = static_cast<Integer>(value); });
  }
  // A time span such as 10s.
  void Duration(absl::string_view name, absl::Duration* target, absl::Duration min, absl::Duration max,
                absl::string_view help);
  // One of a few words.
  template <typename Enum>
  void Choice(absl::string_view name, Enum* target, std::vector<std::pair<std::string, Enum>> choices,
              absl::string_view help) {
    std::vector<std::string> words;
    std::string current;
    for (const auto& [word, value] : choices) {
      words.push_back(word);
      if (value == *target) current = word;
    }
    Words(name, words, current, help, [target, choices](size_t i) { *target = choices[i].second; });
  }
  // The same by index; `now` is the default.
  void Words(absl::string_view name, const std::vector<std::string>& words, absl::string_view now,
             absl::string_view help, std::function<void(size_t)> set);

  // Parses `args` (without the command's name), the environment and the flag file; sets the targets and returns the
  // arguments that are not flags. `environment` has the variables whose names start with PLAYHEAD_. Exit code 2 for all
  // errors.
  absl::StatusOr<std::vector<std::string>> Parse(absl::Span<const std::string> args,
                                                 const absl::btree_map<std::string, std::string>& environment);

  // Whether --help was given; nothing else was then checked or set.
  bool help_asked() const { return help_asked_; }

  // Whether `variable` is the environment's name of one of these flags.
  bool HasEnvironmentName(absl::string_view variable) const;
  // Whether any source has set it.
  bool WasSet(absl::string_view name) const;

  // The flags' part of the help text, for a terminal of this width.
  std::string Describe(size_t columns) const;

 private:
  using Setter = std::function<absl::Status(absl::string_view)>;
  struct Flag {
    std::string name;
    std::string hint;  // "DIR"; empty for a bool.
    std::string help;
    std::string default_value;  // Not shown if empty.
    std::string section;
    bool repeatable = false;
    bool was_set = false;
    Setter set;
  };
  struct Given {
    std::string value;
    std::string source;  // "" for the command line.
  };
  using GivenFlags = absl::btree_map<std::string, std::vector<Given>>;

  void Add(Flag flag);
  void AddNumber(absl::string_view name, uint64_t min, uint64_t max, uint64_t now, absl::string_view hint,
                 absl::string_view help, std::function<void(uint64_t)> set);
  void AddBytes(absl::string_view name, uint64_t min, uint64_t max, uint64_t now, absl::string_view help,
                std::function<void(uint64_t)> set);
  const Flag* Find(absl::string_view name) const;
  absl::StatusOr<std::vector<std::string>> ReadArguments(absl::Span<const std::string> args, GivenFlags& given);
  absl::Status ReadFile(const std::string& path, GivenFlags& given) const;

  std::vector<Flag> flags_;
  std::string section_;
  std::string flagfile_;
  bool help_asked_ = false;
};

// All environment variables whose names start with PLAYHEAD_, except those that Kubernetes sets for a service named
// "playhead" (PLAYHEAD_PORT..., PLAYHEAD_SERVICE_...).
absl::btree_map<std::string, std::string> PlayheadEnvironment();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_FLAGS_H_
