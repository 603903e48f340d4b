// Files that hold a secret: only the owner may have access to them.
#ifndef PLAYHEAD_BROKER_PRIVATE_FILE_H_
#define PLAYHEAD_BROKER_PRIVATE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// The content of the file at `path`. Reads from disk.
//   NotFound            there is no such file.
//   FailedPrecondition  the group or others may read or write it; or it cannot be read.
//   InvalidArgument     it has more than `bytes_max` bytes.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t bytes_max);

// Creates a file that only its owner may read, and returns once the file and its name are on disk. Writes to disk.
//   AlreadyExists       the file exists; it is not changed.
//   FailedPrecondition  it cannot be created.
absl::Status MakePrivateFile(const std::string& path, absl::string_view content);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_PRIVATE_FILE_H_
