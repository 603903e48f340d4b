// Files that hold a secret: read only if nobody but their owner may.
#ifndef PLAYHEAD_BROKER_PRIVATE_FILE_H_
#define PLAYHEAD_BROKER_PRIVATE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// What the file at `path` holds. Reads a disk.
//   NotFound            there is no such file.
//   FailedPrecondition  the group or others may read or write it; or it cannot be read.
//   InvalidArgument     it has more than `bytes_max` bytes.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t bytes_max);

// Makes a file that only its owner may read, and returns when it and its name are on disk. Writes a disk.
//   AlreadyExists       there is such a file; it stays as it is.
//   FailedPrecondition  it cannot be made.
absl::Status MakePrivateFile(const std::string& path, absl::string_view content);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_PRIVATE_FILE_H_
