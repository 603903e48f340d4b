#include "broker/tls/certificate_pem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

// The reason that the last call failed. Clears the library's error queue.
std::string TakeOpenSslError() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::FailedPreconditionError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  std::string text(kPemBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::FailedPreconditionError(absl::StrCat("cannot read ", path));
  if (!file.eof()) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is larger than ", kPemBytesMax, " bytes"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

BioPtr Bio(absl::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// All certificates of `text`, at least one.
absl::StatusOr<std::vector<X509Ptr>> ParseCertificates(const std::string& path, absl::string_view text) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = Bio(text);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string error = TakeOpenSslError();
  if (!at_end) return absl::FailedPreconditionError(absl::StrCat(path, " has a damaged certificate: ", error));
  if (certificates.empty()) return absl::FailedPreconditionError(absl::StrCat(path, " has no certificate in PEM"));
  return certificates;
}

// Reports that there is no password; the library's default would ask on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::StatusOr<KeyPtr> ParseKey(const std::string& path, absl::string_view text) {
  bool encrypted = false;
  KeyPtr key(PEM_read_bio_PrivateKey(Bio(text).get(), nullptr, NoPassword, &encrypted));
  const std::string error = TakeOpenSslError();
  if (encrypted) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has an encrypted key; it must be without a password: nobody could give it at a restart"));
  }
  if (key == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(path, " has no private key in PEM: ", error));
  }
  return key;
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return absl::FailedPreconditionError("not a time");
  return absl::FromTM(fields, absl::UTCTimeZone());
}

// The end of the certificate's validity.
absl::StatusOr<absl::Time> CheckValidity(const std::string& path, const X509& certificate, absl::Time now) {
  const absl::StatusOr<absl::Time> begin = ToTime(X509_get0_notBefore(&certificate));
  const absl::StatusOr<absl::Time> end = ToTime(X509_get0_notAfter(&certificate));
  if (!begin.ok() || !end.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": the certificate's validity is not readable"));
  }
  if (now < *begin) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": the certificate is not valid before ",
                     absl::FormatTime(absl::RFC3339_sec, *begin, absl::UTCTimeZone())));
  }
  if (now > *end) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": the certificate expired at ",
                                                      absl::FormatTime(absl::RFC3339_sec, *end, absl::UTCTimeZone())));
  }
  return *end;
}

}  // namespace

absl::StatusOr<CertificatePem> ReadCertificatePem(const CertificateFiles& files, absl::Time now) {
  if (files.cert.empty() || files.key.empty()) {
    return absl::FailedPreconditionError("TLS needs both a certificate and its private key");
  }
  CertificatePem pem;
  ERR_clear_error();

  absl::StatusOr<std::string> cert_text = ReadFile(files.cert);
  if (!cert_text.ok()) return cert_text.status();
  const auto chain = ParseCertificates(files.cert, *cert_text);
  if (!chain.ok()) return chain.status();
  X509& certificate = *chain->front();

  absl::StatusOr<std::string> key_text = ReadFile(files.key);
  if (!key_text.ok()) return key_text.status();
  const absl::StatusOr<KeyPtr> key = ParseKey(files.key, *key_text);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(&certificate, key->get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError(
        absl::StrCat(files.key, " is not the key of the first certificate in ", files.cert));
  }
  const absl::StatusOr<absl::Time> expires_at = CheckValidity(files.cert, certificate, now);
  if (!expires_at.ok()) return expires_at.status();
  pem.expires_at = *expires_at;

  if (!files.client_ca.empty()) {
    absl::StatusOr<std::string> text = ReadFile(files.client_ca);
    if (!text.ok()) return text.status();
    const auto authorities = ParseCertificates(files.client_ca, *text);
    if (!authorities.ok()) return authorities.status();
    pem.client_ca = *std::move(text);
  }
  pem.cert_chain = *std::move(cert_text);
  pem.private_key = *std::move(key_text);
  return pem;
}

}  // namespace playhead::broker
