// A broker refuses bad options before it touches the store.
#include "broker/option_checks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "broker/server.h"
#include "tests/support/certificate_files.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead::broker {
namespace {

class OptionChecksTest : public ::testing::Test {
 protected:
  ServerOptions Good() const {
    ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir_.path() + "/store";
    options.http_listen = "127.0.0.1:0";
    return options;
  }
  // The parts that CheckOptions refuses.
  static std::vector<OptionPart> Refused(const ServerOptions& options) {
    std::vector<OptionPart> parts;
    for (const OptionCheck& check : CheckOptions(options, absl::Now())) {
      if (!check.status.ok()) parts.push_back(check.part);
    }
    return parts;
  }

  const testing::TempDir dir_;
  const testing::CertificateFiles files_;
};

TEST_F(OptionChecksTest, GoodOptionsPass) { EXPECT_EQ(Refused(Good()), std::vector<OptionPart>{}); }

TEST_F(OptionChecksTest, EachPartIsRefusedByTheServerAsByTheCheckAndNoStoreIsMade) {
  const std::string open_file = dir_.path() + "/open";
  std::ofstream(open_file) << std::string(40, 's') << "\n";
  ASSERT_EQ(::chmod(open_file.c_str(), 0644), 0);
  const std::vector<std::pair<OptionPart, std::function<void(ServerOptions&)>>> spoiled = {
      {OptionPart::kSizes, [](auto& options) { options.limits.delivery_budget_bytes = 1; }},
      {OptionPart::kAdminSecret, [&](auto& options) { options.admin_secret_file = open_file; }},
      {OptionPart::kBackupDirs, [](auto& options) { options.backup_dirs = {"relative"}; }},
      {OptionPart::kTls, [&](auto& options) { options.tls = {.cert = files_.cert(), .key = files_.client_key()}; }},
      {OptionPart::kGrpcListen, [](auto& options) { options.grpc_listen = "0.0.0.0:0"; }},
      {OptionPart::kHttpListen, [](auto& options) { options.http_listen = "nonsense"; }},
      {OptionPart::kVerifyToken, [&](auto& options) { options.webhook.verify_token_file = open_file; }},
      {OptionPart::kCorsOrigins, [](auto& options) { options.http_cors_origins = {"app.example"}; }},
      {OptionPart::kReplays, [&](auto& options) { options.replay_ca_file = dir_.path() + "/none.pem"; }},
  };
  for (const auto& [part, spoil] : spoiled) {
    SCOPED_TRACE(static_cast<int>(part));
    ServerOptions options = Good();
    spoil(options);
    EXPECT_EQ(Refused(options), std::vector<OptionPart>{part});
    const absl::Status checked = CheckOptions(options, absl::Now())[static_cast<size_t>(part)].status;
    EXPECT_EQ(Server::Start(options).status(), checked);
    EXPECT_FALSE(std::filesystem::exists(options.store.data_dir));
  }
}

TEST_F(OptionChecksTest, AStoreThatIsThereMayHoldTheKeyThatAnAddressNeeds) {
  ServerOptions options = Good();
  options.grpc_listen = "0.0.0.0:0";
  options.tls = {.cert = files_.cert(), .key = files_.key()};
  EXPECT_EQ(Refused(options), std::vector<OptionPart>{OptionPart::kGrpcListen});
  ServerOptions local = Good();
  ASSERT_TRUE(Server::Start(local).ok());
  EXPECT_EQ(Refused(options), std::vector<OptionPart>{});
  // The store holds no key.
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace playhead::broker
