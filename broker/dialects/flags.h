// DialectFlags: the interface by which a dialect registers the options that an operator may set on the command line.
#ifndef PLAYHEAD_BROKER_DIALECTS_FLAGS_H_
#define PLAYHEAD_BROKER_DIALECTS_FLAGS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::broker {

// Names are flag names without dashes: `photon_first_subscribe`. Targets must outlive the parsing of the command line;
// their values when they are added are the defaults. `help` is for the operator. Not thread-safe.
class DialectFlags {
 public:
  virtual ~DialectFlags() = default;

  // Starts a section of the help with the dialect's name; the following flags belong to it.
  virtual void Section(absl::string_view title) = 0;

  virtual void Duration(absl::string_view name, absl::Duration* target, absl::Duration min, absl::Duration max,
                        absl::string_view help) = 0;

  // A flag with one of a few words as its value.
  template <typename Enum>
  void Choice(absl::string_view name, Enum* target, const std::vector<std::pair<std::string, Enum>>& choices,
              absl::string_view help) {
    std::vector<std::string> words;
    std::string now;
    for (const auto& [word, value] : choices) {
      words.push_back(word);
      if (value == *target) now = word;
    }
    Words(name, words, now, help, [target, choices](size_t chosen) { *target = choices[chosen].second; });
  }

 protected:
  // Calls `set` with the index of the chosen word, if one was chosen; `now` is the default.
  virtual void Words(absl::string_view name, const std::vector<std::string>& words, absl::string_view now,
                     absl::string_view help, std::function<void(size_t)> set) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_DIALECTS_FLAGS_H_
