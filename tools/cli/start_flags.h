// The flags of commands that read events: where to start (--after or --from), and filters.
#ifndef PLAYHEAD_TOOLS_CLI_START_FLAGS_H_
#define PLAYHEAD_TOOLS_CLI_START_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/start.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

struct StartFlags {
  std::optional<uint64_t> after;
  std::string from;
  std::string types;
  std::string id_prefix;
  bool allow_gap = false;

  void Add(FlagSet& flags, absl::string_view from_help);

  // `otherwise` is the start if neither flag is given.   Exit code 2 if both are, or if --from is not valid.
  absl::StatusOr<Start> start(const Start& otherwise) const;
  std::vector<std::string> type_list() const;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_START_FLAGS_H_
