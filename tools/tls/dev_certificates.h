// A folder with a private authority and a server's certificate, for a broker on one's own machine or network.
#ifndef PLAYHEAD_TOOLS_TLS_DEV_CERTIFICATES_H_
#define PLAYHEAD_TOOLS_TLS_DEV_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace playhead::tools {

struct DevCertificates {
  std::string ca;      // What clients trust.
  std::string ca_key;  // 0600, as is `key`.
  std::string cert;    // For localhost, 127.0.0.1, ::1 and the hosts asked for.
  std::string key;
  bool ca_reused = false;
};

// Makes the folder if it is absent, and in it ca.pem and ca-key.pem (valid for ten years), cert.pem and key.pem (for
// 397 days, the most that browsers and phones accept). If this function made all four before, it keeps the authority,
// so that clients still trust it, and renews the certificate for `hosts`.
//   FailedPrecondition  a file exists that it did not make; nothing was changed. Or a file cannot be written.
//   InvalidArgument     as MakeCertificate.
absl::StatusOr<DevCertificates> MakeDevCertificates(const std::string& folder, const std::vector<std::string>& hosts);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_TLS_DEV_CERTIFICATES_H_
