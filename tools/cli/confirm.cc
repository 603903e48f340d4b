#include "tools/cli/confirm.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {

absl::StatusOr<bool> Confirm(bool yes, const std::string& question) {
  if (yes) return true;
  if (isatty(STDIN_FILENO) != 1) return UsageError(absl::StrCat(question, " No terminal to ask on: give --yes"));
  std::fprintf(stderr, "%s [y/N] ", question.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return true;
  std::fputs("Nothing was changed.\n", stderr);
  return false;
}

}  // namespace playhead::tools
