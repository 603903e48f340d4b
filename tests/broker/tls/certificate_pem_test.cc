#include "broker/tls/certificate_pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>

#include "tests/support/certificate_files.h"

namespace playhead::broker {
namespace {

using ::playhead::testing::ReplaceFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tools::CertificateUse;

class CertificatePemTest : public ::testing::Test {
 protected:
  // The refusal's text; empty if there was none.
  std::string Refusal() const {
    const auto pem = ReadCertificatePem({files_.cert(), files_.key(), client_ca_}, absl::Now());
    if (!pem.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(pem.status())) << pem.status();
    }
    return std::string(pem.status().message());
  }

  testing::CertificateFiles files_;
  std::string client_ca_;
};

TEST_F(CertificatePemTest, ReadsWhatFits) {
  client_ca_ = files_.ca();
  const auto pem = ReadCertificatePem({files_.cert(), files_.key(), client_ca_}, absl::Now());
  ASSERT_TRUE(pem.ok()) << pem.status();
  EXPECT_EQ(pem->client_ca, files_.authority().certificate());
  EXPECT_TRUE(tools::KeyFits({pem->cert_chain, pem->private_key}));
  EXPECT_GT(pem->expires_at, absl::Now() + absl::Minutes(50));
  EXPECT_LT(pem->expires_at, absl::Now() + absl::Minutes(61));
}

TEST_F(CertificatePemTest, TakesAChain) {
  const tools::KeyPair pair = files_.authority().Issue(CertificateUse::kServer);
  files_.ReplaceServer({pair.certificate + files_.authority().certificate(), pair.private_key});
  EXPECT_EQ(Refusal(), "");
}

TEST_F(CertificatePemTest, RefusesWhatIsMissingAndNamesIt) {
  EXPECT_THAT(std::string(ReadCertificatePem({files_.cert(), "", ""}, absl::Now()).status().message()),
              HasSubstr("both a certificate and its private key"));
  EXPECT_THAT(std::string(ReadCertificatePem({"", files_.key(), ""}, absl::Now()).status().message()),
              HasSubstr("both a certificate and its private key"));
  EXPECT_THAT(std::string(ReadCertificatePem({"/nonexistent/cert", files_.key(), ""}, absl::Now()).status().message()),
              AllOf(HasSubstr("/nonexistent/cert"), HasSubstr("No such file")));
  EXPECT_THAT(std::string(ReadCertificatePem({files_.cert(), files_.folder(), ""}, absl::Now()).status().message()),
              HasSubstr(files_.folder()));
}

TEST_F(CertificatePemTest, RefusesAKeyOfAnotherCertificateAndDoesNotShowIt) {
  const std::string key = files_.authority().Issue(CertificateUse::kServer).private_key;
  ReplaceFile(files_.key(), key);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("is not the key of"), Not(HasSubstr(key.substr(40, 20)))));
}

TEST_F(CertificatePemTest, RefusesWhatIsNotValidNow) {
  const absl::Time now = absl::Now();
  files_.ReplaceServer(files_.authority().Issue(CertificateUse::kServer, {now - absl::Hours(2), now - absl::Hours(1)}));
  EXPECT_THAT(Refusal(), HasSubstr("expired at"));
  files_.ReplaceServer(files_.authority().Issue(CertificateUse::kServer, {now + absl::Hours(1), now + absl::Hours(2)}));
  EXPECT_THAT(Refusal(), HasSubstr("not valid before"));
}

TEST_F(CertificatePemTest, RefusesGarbage) {
  const tools::KeyPair good = files_.authority().Issue(CertificateUse::kServer);
  for (const std::string& garbage :
       {std::string(), std::string("\0\xff", 2), std::string("hello"), good.private_key,
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        good.certificate.substr(0, good.certificate.size() / 2),
        good.certificate + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"}) {
    files_.ReplaceServer({garbage, good.private_key});
    EXPECT_THAT(Refusal(), HasSubstr(files_.cert())) << garbage;
  }
  for (const std::string& garbage : {std::string(), std::string("hello"), good.certificate,
                                     good.private_key.substr(0, good.private_key.size() / 2)}) {
    files_.ReplaceServer({good.certificate, garbage});
    EXPECT_THAT(Refusal(), HasSubstr(files_.key())) << garbage;
  }
  files_.ReplaceServer(good);
  client_ca_ = files_.key();
  EXPECT_THAT(Refusal(), HasSubstr("no certificate in PEM"));
  ReplaceFile(files_.cert(), std::string(kPemBytesMax + 1, 'x'));
  EXPECT_THAT(Refusal(), HasSubstr("larger than"));
}

TEST_F(CertificatePemTest, RefusesAnEncryptedKeyWithoutAskingForItsPassword) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(out, &data));
  ReplaceFile(files_.key(), absl::string_view(data, size));
  BIO_free_all(out);
  EVP_PKEY_free(key);
  EXPECT_THAT(Refusal(), HasSubstr("encrypted"));
}

}  // namespace
}  // namespace playhead::broker
