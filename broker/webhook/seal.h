// How webhook secrets are stored on disk: sealed with a key that is not in the data directory, so that a copy of that
// directory alone reveals nothing.
#ifndef PLAYHEAD_BROKER_WEBHOOK_SEAL_H_
#define PLAYHEAD_BROKER_WEBHOOK_SEAL_H_

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::webhook {

// AES-256-GCM with a random nonce for each sealing. Immutable; thread-safe.
class Seal {
 public:
  // The key in the file at `path`: 64 hexadecimal digits. Reads a disk.
  //   NotFound            there is no such file.
  //   FailedPrecondition  the group or others have access to it, or it cannot be read.
  //   InvalidArgument     it contains something else.
  static absl::StatusOr<Seal> Load(const std::string& path);
  // Creates the file with a new random key, and returns once it is on disk. Writes to the disk.
  //   AlreadyExists, FailedPrecondition  as MakePrivateFile.
  static absl::StatusOr<Seal> Make(const std::string& path);

  ~Seal();

  // `label` says what the secret belongs to. It is not encrypted, and the secret can only be unsealed with the same
  // label.
  std::string Close(absl::string_view secret, absl::string_view label) const;
  // DataLoss: it was sealed with another key or label, or has been changed.
  absl::StatusOr<std::string> Open(absl::string_view sealed, absl::string_view label) const;

 private:
  using Key = std::array<unsigned char, 32>;
  explicit Seal(const Key& key) : key_(key) {}

  Key key_;
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_SEAL_H_
