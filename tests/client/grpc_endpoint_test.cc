#include "client/grpc_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "ph_k000000000000_secret";

std::string Refusal(const ClientOptions& options) {
  const absl::Status status = GrpcEndpoint::Create(options).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kSecret)));
  return std::string(status.message());
}

TEST(GrpcEndpointTest, KnowsThisMachineByItsNamesAlone) {
  for (const char* target :
       {"localhost:50051", "LOCALHOST:1", "localhost", "127.0.0.1:50051", "127.9.9.9", "[::1]:50051", "::1",
        "unix:/a/b", "unix:///a/b", "unix-abstract:name", "dns:localhost:1", "dns:///localhost:1",
        "dns://10.0.0.1/127.0.0.1:1", "ipv4:127.0.0.1:1,127.0.0.2:1", "ipv6:[::1]:1"}) {
    EXPECT_TRUE(IsLoopbackTarget(target)) << target;
  }
  for (const char* target : {"example.org:50051", "localhost.example.org:1", "127.0.0.1.example.org:1", "10.0.0.1:1",
                             "0.0.0.0:1", "[::]:1", "[::2]:1", "dns:///example.org:1", "dns://127.0.0.1/example.org:1",
                             "ipv4:127.0.0.1:1,10.0.0.1:1", "ipv6:[fe80::1]:1", "xds:///localhost.broker", ""}) {
    EXPECT_FALSE(IsLoopbackTarget(target)) << target;
  }
}

TEST(GrpcEndpointTest, AKeyGoesToAnotherMachineOverTlsOnlyUnlessAllowed) {
  ClientOptions options;
  options.target = "example.org:50051";
  options.key = kSecret;
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("example.org:50051"), HasSubstr("plain text")));
  options.allow_key_in_plain_text = true;
  EXPECT_TRUE(GrpcEndpoint::Create(options).ok());
  options.allow_key_in_plain_text = false;
  options.tls = TlsOptions{};
  EXPECT_TRUE(GrpcEndpoint::Create(options).ok());
  options.tls.reset();
  options.target = "localhost:50051";
  EXPECT_TRUE(GrpcEndpoint::Create(options).ok());
}

TEST(GrpcEndpointTest, WhatCannotBeAKeyIsRefusedBeforeItIsSent) {
  ClientOptions options;
  options.target = "localhost:50051";
  for (const std::string& key : {std::string(kSecret) + "\n", std::string(kSecret) + " ",
                                 std::string("\0", 1) + kSecret, std::string("\xff"), std::string(2000, 'x')}) {
    options.key = key;
    EXPECT_THAT(Refusal(options), HasSubstr("printable"));
  }
}

TEST(GrpcEndpointTest, FilesThatCannotBeUsedAreNamed) {
  const testing::TempDir dir;
  const std::string garbage = dir.path() + "/garbage";
  std::ofstream(garbage) << "hello";
  const std::string pem = dir.path() + "/pem";
  std::ofstream(pem) << "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

  ClientOptions options;
  options.target = "localhost:50051";
  options.tls = TlsOptions{.ca_file = "/nonexistent"};
  EXPECT_THAT(Refusal(options), HasSubstr("ca_file: cannot read /nonexistent"));
  options.tls = TlsOptions{.ca_file = garbage};
  EXPECT_THAT(Refusal(options), HasSubstr(garbage + " is not in PEM"));
  options.tls = TlsOptions{.cert_file = pem};
  EXPECT_THAT(Refusal(options), HasSubstr("both or none"));
  options.tls = TlsOptions{.key_file = pem};
  EXPECT_THAT(Refusal(options), HasSubstr("both or none"));
  options.tls = TlsOptions{.cert_file = pem, .key_file = garbage};
  EXPECT_THAT(Refusal(options), HasSubstr(garbage + " is not in PEM"));
}

}  // namespace
}  // namespace playhead
