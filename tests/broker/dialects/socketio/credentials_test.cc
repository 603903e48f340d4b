#include "broker/dialects/socketio/credentials.h"

#include <gtest/gtest.h>

#include <string>

namespace playhead::broker::socketio {
namespace {

http::Request Handshake(std::vector<http::Parameter> query,
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::Request request;
  request.query = std::move(query);
  for (const auto& [name, value] : headers) request.headers.set(name, value);
  return request;
}

TEST(CredentialsTest, TheTokenIsTakenFromWhereClientsPutIt) {
  EXPECT_EQ(ReadAuth(R"({"token":"a","apiKey":"b"})", Handshake({})).token, "a");
  EXPECT_EQ(ReadAuth(R"({"apiKey":"b"})", Handshake({{"token", "q"}})).token, "b");
  EXPECT_EQ(ReadAuth("", Handshake({{"token", "q"}}, {{"Authorization", "Bearer h"}})).token, "h");
  EXPECT_EQ(ReadAuth("", Handshake({{"token", "q"}}, {{"X-API-Key", "x"}})).token, "x");
  EXPECT_EQ(ReadAuth("{}", Handshake({{"apiKey", "k"}, {"token", "q"}})).token, "q");
  EXPECT_EQ(ReadAuth("{}", Handshake({{"apiKey", "k"}})).token, "k");
  EXPECT_EQ(ReadAuth(R"({"token":{}})", Handshake({})).token, "");
}

TEST(CredentialsTest, WhatAClientSaysOfItsLastConnectionIsRead) {
  const ConnectAuth auth = ReadAuth(R"({"pid":"p","offset":"o","token":"t"})", Handshake({}));
  EXPECT_EQ(auth.pid, "p");
  EXPECT_EQ(auth.offset, "o");
}

TEST(CredentialsTest, PythonIsKnownByItsHandshake) {
  EXPECT_EQ(FamilyOf(Handshake({{"t", "1770285600.1234"}})), Family::kAcknowledges);
  EXPECT_EQ(FamilyOf(Handshake({}, {{"User-Agent", "python-requests/2.28.1"}})), Family::kAcknowledges);
  EXPECT_EQ(FamilyOf(Handshake({}, {{"User-Agent", "Python/3.11 aiohttp/3.8"}})), Family::kAcknowledges);
  EXPECT_EQ(FamilyOf(Handshake({{"t", "p1q2r3s4"}})), Family::kRecovers);
  EXPECT_EQ(FamilyOf(Handshake({{"t", "OqbZXyA.0"}})), Family::kRecovers);
  EXPECT_EQ(FamilyOf(Handshake({}, {{"User-Agent", "node-XMLHttpRequest"}})), Family::kRecovers);
  EXPECT_EQ(FamilyOf(Handshake({})), Family::kRecovers);
}

}  // namespace
}  // namespace playhead::broker::socketio
