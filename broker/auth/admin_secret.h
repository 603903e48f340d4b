// The administrator's secret: the first key of a broker, in a file that the operator keeps.
#ifndef PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_
#define PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_

#include <string>

#include "absl/status/statusor.h"
#include "broker/auth/secret.h"

namespace playhead::broker {

inline constexpr size_t kAdminSecretBytesMin = 32;

// Reads the file at `path`: one line of kAdminSecretBytesMin to kSecretBytesMax visible ASCII characters, so that it
// can be sent in a header; one newline at its end does not count. Only its hash leaves this function. Reads a disk.
//   NotFound, FailedPrecondition  as ReadPrivateFile.
//   InvalidArgument               what it holds is no such line.
absl::StatusOr<SecretHash> LoadAdminSecret(const std::string& path);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_ADMIN_SECRET_H_
