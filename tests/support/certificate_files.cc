#include "tests/support/certificate_files.h"

#include <filesystem>
#include <fstream>

namespace playhead::testing {

void ReplaceFile(const std::string& path, absl::string_view text) {
  const std::string temporary = path + ".new";
  std::ofstream(temporary, std::ios::binary) << text;
  std::filesystem::rename(temporary, path);
}

TestAuthority::TestAuthority(absl::string_view name)
    : pair_(tools::MakeAuthority(name, tools::ValidFor(absl::Hours(1))).value()) {}

tools::KeyPair TestAuthority::Issue(tools::CertificateUse use, const tools::Validity& validity) const {
  return tools::MakeCertificate(pair_, use, "test", {"localhost", "127.0.0.1", "::1"}, validity).value();
}

CertificateFiles::CertificateFiles() {
  ReplaceFile(ca(), authority_.certificate());
  ReplaceServer(authority_.Issue(tools::CertificateUse::kServer));
  ReplaceClient(authority_.Issue(tools::CertificateUse::kClient));
}

void CertificateFiles::ReplaceServer(const tools::KeyPair& pair) const {
  ReplaceFile(key(), pair.private_key);
  ReplaceFile(cert(), pair.certificate);
}

void CertificateFiles::ReplaceClient(const tools::KeyPair& pair) const {
  ReplaceFile(client_key(), pair.private_key);
  ReplaceFile(client_cert(), pair.certificate);
}

}  // namespace playhead::testing
