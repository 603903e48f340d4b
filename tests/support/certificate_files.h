// Certificates in files, for tests.
#ifndef PLAYHEAD_TESTS_SUPPORT_CERTIFICATE_FILES_H_
#define PLAYHEAD_TESTS_SUPPORT_CERTIFICATE_FILES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/temp_dir.h"
#include "tools/tls/certificate_authority.h"

namespace playhead::testing {

// Replaces the file `path` atomically, by a rename.
void ReplaceFile(const std::string& path, absl::string_view text);

// A certificate authority. Aborts the test if the library fails. Not thread-safe.
class TestAuthority {
 public:
  explicit TestAuthority(absl::string_view name = "test CA");

  const std::string& certificate() const { return pair_.certificate; }
  // Issues a certificate for localhost and both loopback addresses.
  tools::KeyPair Issue(tools::CertificateUse use,
                       const tools::Validity& validity = tools::ValidFor(absl::Hours(1))) const;

 private:
  tools::KeyPair pair_;
};

// A folder with the certificates and keys of a TLS broker and its clients.
class CertificateFiles {
 public:
  CertificateFiles();

  std::string ca() const { return dir_.path() + "/ca.pem"; }
  std::string cert() const { return dir_.path() + "/cert.pem"; }
  std::string key() const { return dir_.path() + "/key.pem"; }
  std::string client_cert() const { return dir_.path() + "/client-cert.pem"; }
  std::string client_key() const { return dir_.path() + "/client-key.pem"; }

  // Replaces the server's, or the client's, certificate and key.
  void ReplaceServer(const tools::KeyPair& pair) const;
  void ReplaceClient(const tools::KeyPair& pair) const;

  const TestAuthority& authority() const { return authority_; }
  const std::string& folder() const { return dir_.path(); }

 private:
  const TempDir dir_;
  const TestAuthority authority_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_CERTIFICATE_FILES_H_
