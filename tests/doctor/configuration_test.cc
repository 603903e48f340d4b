#include "tools/doctor/configuration.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/certificate_files.h"
#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A valid configuration, and a folder for the files that it names.
class ConfigurationTest : public ::testing::Test {
 protected:
  ConfigurationTest() {
    options_.store.data_dir = folder() + "/store";
    options_.grpc_listen = "127.0.0.1:0";
    options_.admin_secret_file = Write("admin", std::string(32, 'a'));
  }

  std::string folder() const { return dir_.path(); }
  // Writes a file that only its owner can read.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder() + "/" + name;
    std::ofstream(path) << text << "\n";
    ::chmod(path.c_str(), 0600);
    return path;
  }
  // Configures TLS with a certificate that is valid for `lifetime`.
  void SetTls(absl::Duration lifetime = absl::Hours(24 * 60)) {
    files_.ReplaceServer(files_.authority().Issue(CertificateUse::kServer, ValidFor(lifetime)));
    ::chmod(files_.key().c_str(), 0600);
    options_.tls = {.cert = files_.cert(), .key = files_.key()};
  }

  std::vector<Diagnosis> Check(bool broker_runs = false) const {
    return CheckConfiguration(options_, broker_runs, absl::Now());
  }
  // The codes of all diagnoses that are not good.
  std::vector<std::string> Codes(bool broker_runs = false) const {
    std::vector<std::string> codes;
    for (const Diagnosis& one : Check(broker_runs)) {
      EXPECT_EQ(one.severity == Severity::kGood, one.code == "OK") << one.code;
      EXPECT_TRUE(one.severity < Severity::kWarning || !one.advice.empty()) << one.code;
      if (one.code != "OK") codes.push_back(one.code);
    }
    return codes;
  }
  std::string FindingOf(const std::string& subject) const {
    for (const Diagnosis& one : Check()) {
      if (one.subject == subject) return one.finding;
    }
    return "";
  }

  const testing::TempDir dir_;
  const testing::CertificateFiles files_;
  broker::ServerOptions options_;
};

TEST_F(ConfigurationTest, WhatIsRightIsGood) {
  EXPECT_THAT(Codes(), ::testing::IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(options_.store.data_dir));
}

TEST_F(ConfigurationTest, AnAddressThatOthersReachNeedsTlsAndAKey) {
  options_.grpc_listen = "0.0.0.0:0";
  EXPECT_THAT(Codes(), Contains("LISTEN_REFUSED"));
  EXPECT_THAT(FindingOf("gRPC address"), HasSubstr("without TLS"));
  SetTls();
  EXPECT_THAT(Codes(), ::testing::IsEmpty());
  options_.admin_secret_file.clear();
  EXPECT_THAT(Codes(), Contains("LISTEN_REFUSED"));
  // An existing store may hold a key.
  std::filesystem::create_directory(options_.store.data_dir);
  std::ofstream(options_.store.data_dir + "/CURRENT").close();
  EXPECT_THAT(Codes(), ::testing::AllOf(Contains("LISTEN_NEEDS_A_KEY"), Not(Contains("LISTEN_REFUSED"))));
  options_.allow_anyone_on_the_network = true;
  EXPECT_THAT(Codes(), Contains("ANYONE_ON_THE_NETWORK"));
}

TEST_F(ConfigurationTest, AnAddressThatIsTakenIsAProblemUnlessTheBrokerItselfMayHaveIt) {
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  options_.http_listen = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_THAT(Codes(), Contains("LISTEN_FAILS"));
  EXPECT_THAT(Codes(/*broker_runs=*/true), Contains("LISTEN_IN_USE"));
  ::close(taken);
  EXPECT_THAT(Codes(), ::testing::IsEmpty());
  // The address is taken by the other of the two listeners.
  options_.grpc_listen = options_.http_listen;
  EXPECT_THAT(Codes(), Contains("LISTEN_FAILS"));
  options_.http_listen = "fd:3";
  EXPECT_THAT(Codes(), Contains("LISTEN_HANDED_IN"));
  options_.http_listen = "nonsense";
  EXPECT_THAT(Codes(), Contains("LISTEN_REFUSED"));
}

TEST_F(ConfigurationTest, CertificatesAreLookedInto) {
  SetTls();
  EXPECT_THAT(Codes(), ::testing::IsEmpty());
  EXPECT_THAT(FindingOf("TLS"), HasSubstr("in 59 days"));
  ASSERT_EQ(::chmod(files_.key().c_str(), 0644), 0);
  EXPECT_THAT(Codes(), ::testing::ElementsAre("TLS_KEY_SHARED"));
  SetTls(absl::Hours(24 * 3));
  EXPECT_THAT(Codes(), ::testing::ElementsAre("TLS_EXPIRES_SOON"));
  const absl::Time past = absl::Now() - absl::Hours(48);
  files_.ReplaceServer(files_.authority().Issue(CertificateUse::kServer, {past, past + absl::Hours(24)}));
  EXPECT_THAT(Codes(), Contains("TLS_UNFIT"));
  EXPECT_THAT(FindingOf("TLS"), HasSubstr("expired at"));
  options_.tls.key.clear();
  EXPECT_THAT(Codes(), Contains("TLS_UNFIT"));
}

TEST_F(ConfigurationTest, SecretsAreForTheirOwnerAloneAndAsTheBrokerTakesThem) {
  ASSERT_EQ(::chmod(options_.admin_secret_file.c_str(), 0640), 0);
  EXPECT_THAT(Codes(), Contains("SECRET_FILE_UNFIT"));
  options_.admin_secret_file = Write("short", "short");
  EXPECT_THAT(Codes(), Contains("SECRET_FILE_UNFIT"));
  options_.admin_secret_file = folder() + "/none";
  EXPECT_THAT(Codes(), Contains("SECRET_FILE_MISSING"));
  options_.admin_secret_file.clear();
  EXPECT_THAT(Codes(), ::testing::ElementsAre("NO_ADMIN_SECRET"));
  options_.webhook.verify_token_file = Write("token", "two words");
  EXPECT_THAT(Codes(), Contains("SECRET_FILE_UNFIT"));
  EXPECT_THAT(FindingOf("verify token"), Not(HasSubstr("two words")));
}

TEST_F(ConfigurationTest, BackupsNeedAPlaceOfTheirOwn) {
  options_.backup_dirs = {folder() + "/backups"};
  EXPECT_THAT(Codes(), ::testing::ElementsAre("BACKUP_ON_THE_SAME_DISK"));
  options_.backup_dirs = {options_.store.data_dir + "/backups"};
  EXPECT_THAT(Codes(), Contains("BACKUP_DIR_REFUSED"));
  options_.backup_dirs = {Write("a-file", "")};
  EXPECT_THAT(Codes(), Contains("BACKUP_DIR_NOT_WRITABLE"));
}

TEST_F(ConfigurationTest, TheRestIsAsTheBrokerTakesIt) {
  options_.limits.append_budget_bytes = options_.store.append_queue_bytes_max;
  options_.http_cors_origins = {"app.example"};
  options_.replay_endpoints = {"ftp://example.com"};
  options_.store.durability = storage::Durability::kOs;
  EXPECT_THAT(Codes(),
              ::testing::ElementsAre("SIZES_DO_NOT_FIT", "CORS_ORIGIN_INVALID", "REPLAYS_UNFIT", "DURABILITY_OS"));
  options_.replay_endpoints = {"https://example.com"};
  options_.replay_ca_file = folder() + "/none.pem";
  EXPECT_THAT(Codes(), Contains("REPLAYS_UNFIT"));
  options_.replay_ca_file = files_.ca();
  EXPECT_THAT(Codes(), Not(Contains("REPLAYS_UNFIT")));
}

}  // namespace
}  // namespace playhead::tools
