// The administrator's secret: a broker's first key, in a file that the operator keeps.
#ifndef PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_
#define PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_

#include <string>

#include "absl/status/statusor.h"
#include "broker/auth/secret.h"

namespace playhead::broker {

inline constexpr size_t kAdminSecretBytesMin = 32;

// Reads the file at `path`: one line of kAdminSecretBytesMin to kSecretBytesMax visible ASCII characters, so that it
// can be sent in a header; one newline at the end (LF or CRLF) does not count. Only the hash leaves this function.
// Reads from disk.
//   NotFound, FailedPrecondition  as ReadPrivateFile.
//   InvalidArgument               it does not contain such a line.
absl::StatusOr<SecretHash> LoadAdminSecret(const std::string& path);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_
