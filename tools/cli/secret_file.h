// Reads secrets from files and stdin; never from the command line, which other users can see.
#ifndef PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_
#define PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace playhead::tools {

// The first 4 KiB of `path` (`-` is stdin), without the line break at its end. The broker validates the secret. Exit
// code 2 if the file cannot be opened or is empty.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_
