// A server's certificate, its key and the authorities for its clients, read from PEM files and validated.
#ifndef PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_
#define PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace playhead::broker {

// The maximum size of a file.
constexpr size_t kPemBytesMax = size_t{1} << 20;

// The paths of the files. Without a certificate there is no TLS.
struct CertificateFiles {
  std::string cert;       // The server's certificate, followed by its intermediates.
  std::string key;        // Its private key, not encrypted.
  std::string client_ca;  // If set, clients must present a certificate signed by one of these authorities.

  bool empty() const { return cert.empty() && key.empty() && client_ca.empty(); }
};

// Immutable once made. `private_key` is a secret: never log it.
struct CertificatePem {
  std::string cert_chain;
  std::string private_key;
  std::string client_ca;    // Empty: clients are not asked for a certificate.
  uint64_t generation = 0;  // Starts at 1 and increases with each reload.
  absl::Time expires_at;    // The expiry of the server's own certificate.
};

// Reads the files, and checks that the key belongs to the certificate and that the certificate is valid at `now`.
// Blocks.
//   FailedPrecondition  a file cannot be read or is invalid, or key and certificate do not match; names the file.
absl::StatusOr<CertificatePem> ReadCertificatePem(const CertificateFiles& files, absl::Time now);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_
