#include "broker/tls/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/broker/tls/tls_handshake.h"
#include "tests/support/certificate_files.h"
#include "tests/support/log_lines.h"

namespace playhead::broker {
namespace {

using ::playhead::testing::Handshake;
using ::playhead::testing::ReplaceFile;
using ::playhead::testing::TestAuthority;
using ::playhead::testing::TlsResult;
using tools::CertificateUse;
using tools::KeyPair;

class CertificatesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Certificates> Load(const std::string& client_ca = "") const {
    auto certificates = Certificates::Load({files_.cert(), files_.key(), client_ca}, {.look = absl::Milliseconds(5)});
    EXPECT_TRUE(certificates.ok()) << certificates.status();
    return *std::move(certificates);
  }

  TlsResult Connect(const Certificates& certificates, testing::TlsClient client = {}) const {
    client.ca = files_.authority().certificate();
    return Handshake(certificates.HttpContext()->native_handle(), client);
  }

  testing::LogLines log_;  // First: it ends after what logs.
  testing::CertificateFiles files_;
};

TEST_F(CertificatesTest, SpeaksTls12AndLaterAndHttp11) {
  const auto certificates = Load();
  EXPECT_EQ(Connect(*certificates).version, TLS1_3_VERSION);
  EXPECT_EQ(Connect(*certificates, {.version_max = TLS1_2_VERSION}).version, TLS1_2_VERSION);
  EXPECT_FALSE(Connect(*certificates, {.version_max = TLS1_1_VERSION}).accepted);
  EXPECT_EQ(Connect(*certificates, {.protocols = {"h2", "http/1.1"}}).protocol, "http/1.1");
  EXPECT_FALSE(Connect(*certificates, {.protocols = {"h2"}}).accepted);
}

TEST_F(CertificatesTest, AsksForACertificateWhereAnAuthorityOfClientsIsGiven) {
  const KeyPair own = files_.authority().Issue(CertificateUse::kClient);
  const KeyPair foreign = TestAuthority("another CA").Issue(CertificateUse::kClient);
  const KeyPair servers = files_.authority().Issue(CertificateUse::kServer);
  const auto certificates = Load(files_.ca());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(Connect(*certificates, {.version_max = version, .certificate = own}).accepted);
    EXPECT_FALSE(Connect(*certificates, {.version_max = version}).accepted);
    EXPECT_FALSE(Connect(*certificates, {.version_max = version, .certificate = foreign}).accepted);
    EXPECT_FALSE(Connect(*certificates, {.version_max = version, .certificate = servers}).accepted);
  }
}

TEST_F(CertificatesTest, ARenewedPairIsTakenOver) {
  const auto certificates = Load();
  const auto before = certificates->current();
  EXPECT_EQ(before->generation, 1u);
  EXPECT_EQ(Connect(*certificates).certificate, before->cert_chain);
  const KeyPair renewed = files_.authority().Issue(CertificateUse::kServer);
  files_.ReplaceServer(renewed);
  log_.Await("event=tls_certificate generation=2");
  EXPECT_EQ(certificates->current()->cert_chain, renewed.certificate);
  EXPECT_EQ(Connect(*certificates).certificate, renewed.certificate);
  // Whoever holds the old one keeps it.
  EXPECT_NE(before->cert_chain, renewed.certificate);
}

TEST_F(CertificatesTest, ABrokenPairKeepsTheOldOneAndIsSaidOnce) {
  const auto certificates = Load();
  const std::string before = certificates->current()->cert_chain;
  const KeyPair renewed = files_.authority().Issue(CertificateUse::kServer);
  ReplaceFile(files_.cert(), renewed.certificate);  // And not its key.
  log_.Await("event=tls_certificate_kept");
  EXPECT_EQ(certificates->current()->cert_chain, before);
  EXPECT_EQ(Connect(*certificates).certificate, before);
  ReplaceFile(files_.key(), renewed.private_key);
  log_.Await("event=tls_certificate generation=2");
  EXPECT_EQ(Connect(*certificates).certificate, renewed.certificate);
  EXPECT_EQ(log_.Count("event=tls_certificate_kept"), 1);
  EXPECT_EQ(log_.Count(renewed.private_key.substr(40, 20)), 0);
}

TEST_F(CertificatesTest, FilesThatAreGoneKeepTheOldPair) {
  const auto certificates = Load();
  const std::string before = certificates->current()->cert_chain;
  std::remove(files_.cert().c_str());
  log_.Await("event=tls_certificate_kept");
  EXPECT_EQ(Connect(*certificates).certificate, before);
}

TEST_F(CertificatesTest, NewAuthoritiesOfClientsAreTakenOver) {
  const TestAuthority next("next CA");
  const KeyPair old_client = files_.authority().Issue(CertificateUse::kClient);
  const KeyPair new_client = next.Issue(CertificateUse::kClient);
  const auto certificates = Load(files_.ca());
  EXPECT_FALSE(Connect(*certificates, {.certificate = new_client}).accepted);
  ReplaceFile(files_.ca(), next.certificate());
  log_.Await("event=tls_certificate generation=2");
  EXPECT_TRUE(Connect(*certificates, {.certificate = new_client}).accepted);
  EXPECT_FALSE(Connect(*certificates, {.certificate = old_client}).accepted);
}

TEST_F(CertificatesTest, SaysWhenRenewalIsLateAndWhenTheKeyIsOpenToAll) {
  EXPECT_EQ(chmod(files_.key().c_str(), 0644), 0);
  const auto certificates = Load();
  EXPECT_EQ(log_.Count("event=tls_certificate_expires_soon"), 1);
  EXPECT_EQ(log_.Count("event=tls_key_readable_by_all"), 1);
}

TEST_F(CertificatesTest, SaysAgainAndAgainThatRenewalIsLateUntilItIsRenewed) {
  const auto certificates = Certificates::Load(
      {files_.cert(), files_.key(), ""}, {.look = absl::Milliseconds(5), .expiry_warning = absl::Milliseconds(10)});
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  log_.Await("event=tls_certificate_expires_soon", 3);
}

}  // namespace
}  // namespace playhead::broker
