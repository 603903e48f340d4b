// The addresses that a broker may post to, and the known ways around that check.

#include "broker/replay/endpoint.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/errors.h"

namespace playhead::broker::replay {
namespace {

TEST(EndpointTest, AUrlIsTakenApart) {
  const auto endpoint = ParseEndpoint("https://Example.com/hooks/a?b=c");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(*endpoint, (Endpoint{.tls = true,
                                 .host = "example.com",
                                 .port = 443,
                                 .path = "/hooks/a",
                                 .target = "/hooks/a?b=c",
                                 .host_header = "example.com"}));
  EXPECT_EQ(ParseEndpoint("http://[::1]:8080")->host_header, "[::1]:8080");
  EXPECT_EQ(ParseEndpoint("http://a:8080")->target, "/");
}

TEST(EndpointTest, WhatServersReadDifferentlyIsRefused) {
  for (const char* url : {"", "example.com/a", "ftp://example.com/", "https://", "https:///a",
                          "https://user:pass@example.com/", "https://good.example@evil.example/",
                          "https://example.com/#a", "https://example.com/a/../b", "https://example.com/a/%2e%2e/b",
                          "https://example.com/a/./b", "https://example.com/a%2Fb", "https://example.com/a%5c..%5cb",
                          "https://example.com\\@evil.example/", "https://example.com:0/", "https://example.com:99999/",
                          "https://exa mple.com/", "https://example.com/\r\nx: y", "https://ex%61mple.com/"}) {
    EXPECT_TRUE(HasReason(ParseEndpoint(url).status(), Reason::kReplayInvalid)) << url;
  }
  EXPECT_FALSE(ParseEndpoint("https://example.com/" + std::string(kUrlBytesMax, 'a')).ok());
}

bool Lets(const EndpointPolicy& policy, const char* url) {
  const absl::Status status = policy.Check(*ParseEndpoint(url));
  EXPECT_TRUE(status.ok() || HasReason(status, Reason::kReplayEndpointRefused)) << url << ": " << status;
  return status.ok();
}

TEST(EndpointPolicyTest, OnlyWhatBeginsWithAPrefixByWholeSegmentsIsLetThrough) {
  const auto policy = EndpointPolicy::Make({"https://example.com/hooks", "http://10.0.0.7:8080/"}, nullptr);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_TRUE(Lets(*policy, "https://example.com/hooks"));
  EXPECT_TRUE(Lets(*policy, "https://EXAMPLE.com:443/hooks/a?b"));
  EXPECT_TRUE(Lets(*policy, "http://10.0.0.7:8080/anything"));
  for (const char* url : {"https://example.com/hooksmith", "https://example.com/", "http://example.com/hooks",
                          "https://example.com:8443/hooks", "https://example.com.evil.example/hooks",
                          "http://10.0.0.7/", "http://127.0.0.1:8080/", "http://localhost/"}) {
    EXPECT_FALSE(Lets(*policy, url)) << url;
  }
}

TEST(EndpointPolicyTest, NothingIsLetThroughUnlessItIsSaid) {
  EXPECT_FALSE(Lets(EndpointPolicy(), "http://127.0.0.1:8080/"));
  EXPECT_FALSE(Lets(EndpointPolicy(), "https://example.com/"));
}

TEST(EndpointPolicyTest, ABrokerOfThisMachineAloneMayPostToThisMachine) {
  const auto policy = EndpointPolicy::Make({}, [] { return true; });
  for (const char* url : {"http://127.0.0.1:8080/a", "http://localhost:1/", "http://[::1]:9/", "http://127.9.9.9/"}) {
    EXPECT_TRUE(Lets(*policy, url)) << url;
    EXPECT_TRUE(policy->OnlyLoopback(*ParseEndpoint(url)));
  }
  for (const char* url : {"http://169.254.169.254/latest", "http://localhost.evil.example/", "http://10.0.0.1/",
                          "http://0.0.0.0/", "http://[::ffff:10.0.0.1]/", "http://2130706433/"}) {
    EXPECT_FALSE(Lets(*policy, url)) << url;
  }
}

TEST(EndpointPolicyTest, ThisMachineIsLetThroughForAsLongAsThatIsAllowed) {
  bool open = true;
  const auto policy = EndpointPolicy::Make({"http://localhost:80/hooks"}, [&open] { return open; });
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_TRUE(Lets(*policy, "http://127.0.0.1:8080/"));
  open = false;
  EXPECT_FALSE(Lets(*policy, "http://127.0.0.1:8080/"));
  EXPECT_TRUE(Lets(*policy, "http://localhost/hooks/1"));
}

TEST(EndpointPolicyTest, APrefixThatIsNoneIsSaidAtTheStart) {
  EXPECT_FALSE(EndpointPolicy::Make({"example.com"}, nullptr).ok());
  EXPECT_FALSE(EndpointPolicy::Make({"https://example.com/?a"}, nullptr).ok());
}

}  // namespace
}  // namespace playhead::broker::replay
