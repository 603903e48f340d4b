// Makes certificates with a private authority, in memory, for local use and for tests.
#ifndef PLAYHEAD_TOOLS_TLS_CERTIFICATE_AUTHORITY_H_
#define PLAYHEAD_TOOLS_TLS_CERTIFICATE_AUTHORITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::tools {

// A certificate and its private key (ECDSA over P-256), both in PEM. The key is not encrypted.
struct KeyPair {
  std::string certificate;
  std::string private_key;
};

struct Validity {
  absl::Time begin;
  absl::Time end;
};

// Validity: from a little before now, since clocks differ, until `lifetime` from now.
Validity ValidFor(absl::Duration lifetime);

// Who may present a certificate.
enum class CertificateUse { kServer, kClient };

// An authority named `name` that signs itself and may sign certificates, but not other authorities.
//   Internal  the library failed.
absl::StatusOr<KeyPair> MakeAuthority(absl::string_view name, const Validity& validity);

// A certificate signed by `authority`, for `hosts`: names (`*.` is allowed in front) and IP addresses.
//   InvalidArgument     a host is empty or too long for a name (253 bytes).
//   FailedPrecondition  `authority` is not a certificate with its key.
absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, CertificateUse use, absl::string_view name,
                                        const std::vector<std::string>& hosts, const Validity& validity);

// Whether `authority` has signed `certificate`, the first in its PEM. False if either cannot be read.
bool IsSignedBy(absl::string_view certificate, absl::string_view authority);

// Whether `pair` belongs together. False if either part cannot be read.
bool KeyFits(const KeyPair& pair);

// The common name of a certificate's subject; empty if it has none or cannot be read.
std::string CommonName(absl::string_view certificate);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_TLS_CERTIFICATE_AUTHORITY_H_
