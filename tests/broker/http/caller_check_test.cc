#include "broker/http/caller_check.h"

#include <gtest/gtest.h>

#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

const LocalAddress kLocal = {.listen_host = "broker.lan", .address = "192.168.1.5", .port = 8080, .secure = false};

TEST(CallerCheckTest, KnowsTheNamesOfThisBroker) {
  for (const char* name :
       {"localhost:8080", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080", "broker.lan:8080", "192.168.1.5:8080"}) {
    EXPECT_TRUE(NamesThisBroker(name, kLocal)) << name;
  }
  for (const char* name : {"", ":", ":8080", "localhost", "localhost:80", "localhost:8080x", "localhost:", "[::1]",
                           "[::1:8080", "::1]:8080", "evil.example:8080", "localhost.evil.example:8080",
                           "192.168.1.6:8080", "127.0.0.2:8080", "localhost:8080:8080", "user@localhost:8080"}) {
    EXPECT_FALSE(NamesThisBroker(name, kLocal)) << name;
  }
}

TEST(CallerCheckTest, ThePortMayBeLeftOutIfItIsTheSchemesOwn) {
  EXPECT_TRUE(NamesThisBroker("localhost", {.port = 80}));
  EXPECT_TRUE(NamesThisBroker("[::1]", {.port = 443, .secure = true}));
  EXPECT_FALSE(NamesThisBroker("localhost", {.port = 443}));
}

TEST(CallerCheckTest, ABrokerWithoutAnAddressHasNoEmptyName) { EXPECT_FALSE(NamesThisBroker(":80", {.port = 80})); }

TEST(CallerCheckTest, OnlyItsOwnOriginMayAsk) {
  const auto allowed = [](absl::string_view origin) {
    const absl::Status status = CheckCaller("localhost:8080", origin, kLocal);
    EXPECT_TRUE(status.ok() || HasReason(status, Reason::kOriginRefused)) << status;
    return status.ok();
  };
  EXPECT_TRUE(allowed("http://localhost:8080"));
  EXPECT_TRUE(allowed("http://127.0.0.1:8080"));
  EXPECT_FALSE(allowed("https://localhost:8080"));
  EXPECT_FALSE(allowed("http://localhost:3000"));
  EXPECT_FALSE(allowed("http://evil.example"));
  EXPECT_FALSE(allowed("null"));
  EXPECT_FALSE(allowed(""));
  EXPECT_TRUE(CheckCaller("localhost:8080", std::nullopt, kLocal).ok());
  EXPECT_FALSE(CheckCaller("evil.example:8080", std::nullopt, kLocal).ok());
}

}  // namespace
}  // namespace playhead::broker::http
