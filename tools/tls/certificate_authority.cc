#include "tools/tls/certificate_authority.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace playhead::tools {
namespace {

constexpr absl::Duration kClockDifference = absl::Hours(1);
// RFC 5280 allows 20 octets, and the number must be positive.
constexpr int kSerialBits = 159;
constexpr size_t kHostBytesMax = 253;
constexpr long kVersion3 = 2;  // NOLINT(runtime/int): what the library takes. Versions count from 0.

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using AltNamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

absl::Status Failed(absl::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  absl::Status status = absl::InternalError(absl::StrCat(what, ": ", reason == nullptr ? "failed" : reason));
  ERR_clear_error();
  return status;
}

X509Ptr ParseCertificate(absl::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) { return -1; }

KeyPtr ParseKey(absl::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  return key;
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT(runtime/int)
  return std::string(data, static_cast<size_t>(size));
}

bool SetTime(ASN1_TIME* field, absl::Time time) {
  return ASN1_TIME_set(field, absl::ToTimeT(time)) != nullptr && ASN1_TIME_normalize(field) == 1;
}

bool SetRandomSerial(X509* certificate) {
  const BignumPtr number(BN_new());
  return number != nullptr && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetName(X509* certificate, absl::string_view name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()),
                                    -1, 0) == 1;
}

// Adds an extension whose value the library parses: REQUIRES a constant, never a user's text.
bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

absl::Status AddHost(const std::string& host, GENERAL_NAMES* names) {
  if (host.empty() || host.size() > kHostBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("\"", host, "\" is no host: 1 to ", kHostBytesMax, " bytes"));
  }
  std::array<unsigned char, sizeof(in6_addr)> address{};
  int address_bytes = 0;
  if (inet_pton(AF_INET, host.c_str(), address.data()) == 1) address_bytes = sizeof(in_addr);
  if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1) address_bytes = sizeof(in6_addr);
  ASN1_STRING* value = address_bytes > 0 ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  const bool set = address_bytes > 0 ? ASN1_STRING_set(value, address.data(), address_bytes) == 1
                                     : ASN1_STRING_set(value, host.data(), static_cast<int>(host.size())) == 1;
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, address_bytes > 0 ? GEN_IPADD : GEN_DNS, value);
  if (!set || sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    return Failed("a host's name");
  }
  return absl::OkStatus();
}

absl::Status AddHosts(const std::vector<std::string>& hosts, X509* certificate) {
  if (hosts.empty()) return absl::OkStatus();
  const AltNamesPtr names(GENERAL_NAMES_new());
  for (const std::string& host : hosts) {
    if (absl::Status status = AddHost(host, names.get()); !status.ok()) return status;
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return Failed("the hosts' names");
  }
  return absl::OkStatus();
}

// A certificate with the fields that all have, not yet signed.
absl::StatusOr<X509Ptr> NewCertificate(absl::string_view name, EVP_PKEY* key, X509* issuer, const Validity& validity) {
  X509Ptr certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), kVersion3) != 1 ||
      !SetRandomSerial(certificate.get()) || !SetName(certificate.get(), name) ||
      !SetTime(X509_getm_notBefore(certificate.get()), validity.begin) ||
      !SetTime(X509_getm_notAfter(certificate.get()), validity.end) || X509_set_pubkey(certificate.get(), key) != 1 ||
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer == nullptr ? certificate.get() : issuer)) !=
          1 ||
      !AddExtension(certificate.get(), issuer == nullptr ? certificate.get() : issuer, NID_subject_key_identifier,
                    "hash")) {
    return Failed("a certificate");
  }
  return certificate;
}

absl::StatusOr<KeyPair> Sign(X509* certificate, EVP_PKEY* key, EVP_PKEY* signing_key) {
  const BioPtr certificate_out(BIO_new(BIO_s_mem()));
  const BioPtr key_out(BIO_new(BIO_s_mem()));
  if (X509_sign(certificate, signing_key, EVP_sha256()) == 0 ||
      PEM_write_bio_X509(certificate_out.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("signing a certificate");
  }
  return KeyPair{Contents(certificate_out.get()), Contents(key_out.get())};
}

}  // namespace

Validity ValidFor(absl::Duration lifetime) {
  const absl::Time now = absl::Now();
  return {now - kClockDifference, now + lifetime};
}

absl::StatusOr<KeyPair> MakeAuthority(absl::string_view name, const Validity& validity) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("a key");
  const absl::StatusOr<X509Ptr> made = NewCertificate(name, key.get(), nullptr, validity);
  if (!made.ok()) return made.status();
  X509* certificate = made->get();
  if (!AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign")) {
    return Failed("an authority");
  }
  return Sign(certificate, key.get(), key.get());
}

absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, CertificateUse use, absl::string_view name,
                                        const std::vector<std::string>& hosts, const Validity& validity) {
  const X509Ptr issuer = ParseCertificate(authority.certificate);
  const KeyPtr issuer_key = ParseKey(authority.private_key);
  if (issuer == nullptr || issuer_key == nullptr || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError("the authority is not a certificate with its key");
  }
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed("a key");
  const absl::StatusOr<X509Ptr> made = NewCertificate(name, key.get(), issuer.get(), validity);
  if (!made.ok()) return made.status();
  X509* certificate = made->get();
  if (!AddExtension(certificate, issuer.get(), NID_authority_key_identifier, "keyid") ||
      !AddExtension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(certificate, issuer.get(), NID_ext_key_usage,
                    use == CertificateUse::kServer ? "serverAuth" : "clientAuth")) {
    return Failed("a certificate");
  }
  if (absl::Status status = AddHosts(hosts, certificate); !status.ok()) return status;
  return Sign(certificate, key.get(), issuer_key.get());
}

bool IsSignedBy(absl::string_view certificate, absl::string_view authority) {
  const X509Ptr signed_one = ParseCertificate(certificate);
  const X509Ptr issuer = ParseCertificate(authority);
  const bool result =
      signed_one != nullptr && issuer != nullptr && X509_verify(signed_one.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return result;
}

bool KeyFits(const KeyPair& pair) {
  const X509Ptr certificate = ParseCertificate(pair.certificate);
  const KeyPtr key = ParseKey(pair.private_key);
  const bool result =
      certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return result;
}

std::string CommonName(absl::string_view certificate) {
  const X509Ptr parsed = ParseCertificate(certificate);
  std::array<char, 256> name{};
  if (parsed == nullptr || X509_NAME_get_text_by_NID(X509_get_subject_name(parsed.get()), NID_commonName, name.data(),
                                                     static_cast<int>(name.size())) < 0) {
    return "";
  }
  return name.data();
}

}  // namespace playhead::tools
