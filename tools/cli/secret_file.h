// Secrets that commands read: from files and stdin, never from the command line, which others can see.
#ifndef PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_
#define PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace playhead::tools {

// What `path` holds (`-` is stdin), without the line break at its end. What may be a secret is for the broker to say.
// Exit code 2 if it cannot be opened or is empty.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_SECRET_FILE_H_
