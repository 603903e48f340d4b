#include "broker/dialects/multiwa/credentials.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace playhead::broker::multiwa {
namespace {

constexpr char kJwt[] = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

http::Request Handshake(std::vector<http::Parameter> query,
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::Request request;
  request.query = std::move(query);
  for (const auto& [name, value] : headers) request.headers.set(name, value);
  return request;
}

TEST(MultiWaCredentialsTest, OfSocketIoTheSecretIsTakenInTheOriginalsOrder) {
  EXPECT_EQ(SecretOf(R"({"token":"t","apiKey":"k"})", Handshake({})), "t");
  EXPECT_EQ(SecretOf(R"({"apiKey":"k"})", Handshake({}, {{"Authorization", "Bearer b"}})), "b");
  EXPECT_EQ(SecretOf(R"({"apiKey":"k"})", Handshake({{"token", "q"}})), "q");
  EXPECT_EQ(SecretOf(R"({"apiKey":"k"})", Handshake({{"apiKey", "a"}}, {{"X-API-Key", "x"}})), "k");
  EXPECT_EQ(SecretOf("", Handshake({{"apiKey", "a"}}, {{"X-API-Key", "x"}})), "x");
  EXPECT_EQ(SecretOf("", Handshake({{"apiKey", "a"}})), "a");
  EXPECT_EQ(SecretOf("", Handshake({})), "");
}

TEST(MultiWaCredentialsTest, AJwtGivesWayToAKey) {
  const std::string token = std::string(R"({"token":")") + kJwt + R"(")";
  EXPECT_EQ(SecretOf(token + R"(,"apiKey":"k"})", Handshake({})), "k");
  EXPECT_EQ(SecretOf(token + "}", Handshake({{"token", "q"}})), "q");
  EXPECT_EQ(SecretOf(token + "}", Handshake({})), kJwt) << "to be refused";
}

TEST(MultiWaCredentialsTest, OfTheWebSocketTheQueryCountsFirst) {
  EXPECT_EQ(SecretOf(Handshake({{"apiKey", "a"}}, {{"X-API-Key", "x"}})), "a");
  EXPECT_EQ(SecretOf(Handshake({}, {{"X-API-Key", "x"}, {"Authorization", "Bearer b"}})), "x");
  EXPECT_EQ(SecretOf(Handshake({}, {{"Authorization", "Bearer b"}})), "b");
}

}  // namespace
}  // namespace playhead::broker::multiwa
