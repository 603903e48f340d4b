// A server's certificate, its key and the authorities of its clients, as read from PEM files and found to fit.
#ifndef PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_
#define PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::broker {

// No file is read beyond this.
constexpr size_t kPemBytesMax = size_t{1} << 20;

// Where the files are. Without a certificate there is no TLS.
struct CertificateFiles {
  std::string cert;       // The server's certificate, then those that lead to its authority.
  std::string key;        // Its private key, not encrypted.
  std::string client_ca;  // If set, clients must show a certificate that one of these authorities signed.

  bool empty() const { return cert.empty() && key.empty() && client_ca.empty(); }
};

// Immutable once made. `private_key` is a secret: never log it.
struct CertificatePem {
  std::string cert_chain;
  std::string private_key;
  std::string client_ca;    // Empty: clients are not asked for a certificate.
  uint64_t generation = 0;  // Counts from 1 with each pair that is taken over.
  absl::Time expires_at;    // Of the server's own certificate.
};

// Reads the files and checks that the key is the certificate's, and that the certificate is valid at `now`. Blocks.
//   FailedPrecondition  a file cannot be read, is not what it should be, or they do not fit; names the file.
absl::StatusOr<CertificatePem> ReadCertificatePem(const CertificateFiles& files, absl::Time now);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_CERTIFICATE_PEM_H_
