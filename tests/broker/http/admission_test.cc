#include "broker/http/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kPage[] = "https://page.example";

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() {
    router_.Add(Verb::get, "/names/{name}", {}, [](Request, Responder) {});
    router_.Add(Verb::post, "/hook", {.server_to_server = true}, [](Request, Responder) {});
    router_.Add(Verb::post, "/shared", {.cross_origin = true}, [](Request, Responder) {});
  }

  absl::StatusOr<Admission> Admit(Verb method, absl::string_view target, const Headers& headers = {},
                                  bool has_body = false) {
    boost::beast::http::fields fields;
    for (const auto& [name, value] : headers) fields.insert(name, value);
    return http::Admit({.method = method, .target = target, .headers = fields, .has_body = has_body}, router_,
                       cors_origins_, local_, runs_open_);
  }
  // The status of the answer that is not the route's; 0 if the route answers.
  int Status(Verb method, absl::string_view target, const Headers& headers = {}, bool has_body = false) {
    const auto admission = Admit(method, target, headers, has_body);
    EXPECT_TRUE(admission.ok()) << admission.status();
    EXPECT_EQ(admission->answer.has_value() && admission->answer->status >= 400, !admission->error.ok());
    return admission->answer ? admission->answer->status : 0;
  }

  Router router_;
  CorsOrigins cors_origins_ = *CorsOrigins::Make({kPage});
  const LocalAddress local_{"127.0.0.1", "127.0.0.1", 8080, false};
  bool runs_open_ = false;
};

std::string Header(const Response& response, absl::string_view name) {
  for (const ResponseHeader& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

TEST_F(AdmissionTest, FindsTheRouteAndWhatThePathSays) {
  const auto admission = Admit(Verb::get, "/names/a%20b?x=1");
  ASSERT_TRUE(admission.ok());
  ASSERT_NE(admission->route, nullptr);
  EXPECT_EQ(admission->route->pattern, "/names/{name}");
  EXPECT_FALSE(admission->answer.has_value());
  EXPECT_EQ(admission->path_parameters, (std::vector<Parameter>{{"name", "a b"}}));
  EXPECT_EQ(admission->target.query, (std::vector<Parameter>{{"x", "1"}}));
}

TEST_F(AdmissionTest, WhatIsNoTargetIsAnError) {
  EXPECT_TRUE(HasReason(Admit(Verb::get, "names").status(), Reason::kMalformedRequest));
}

TEST_F(AdmissionTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_EQ(Status(Verb::get, "/nothing"), 404);
  EXPECT_EQ(Status(Verb::post, "/names/x"), 405);
  EXPECT_EQ(Header(*Admit(Verb::post, "/names/x")->answer, "Allow"), "GET, HEAD");
}

TEST_F(AdmissionTest, AnOpenBrokerIsForItsOwnPagesAndForServers) {
  const Headers own = {{"Host", "localhost:8080"}};
  const Headers other = {{"Host", "evil.example:8080"}};
  EXPECT_EQ(Status(Verb::get, "/names/x", other), 0) << "it has keys";
  runs_open_ = true;
  EXPECT_EQ(Status(Verb::get, "/names/x", own), 0);
  EXPECT_EQ(Status(Verb::get, "/names/x", other), 403);
  EXPECT_EQ(Status(Verb::get, "/nothing", other), 403) << "a page learns nothing";
  EXPECT_EQ(Status(Verb::get, "/names/x", {{"Host", "localhost:8080"}, {"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(Status(Verb::post, "/hook", other), 0);
}

TEST_F(AdmissionTest, AllowedPagesMayUseTheRoutesThatAreForThem) {
  runs_open_ = true;
  const Headers page = {{"Host", "localhost:8080"}, {"Origin", kPage}};
  EXPECT_EQ(Status(Verb::post, "/shared", page), 0);
  EXPECT_EQ(Admit(Verb::post, "/shared", page)->page_origin, kPage);
  EXPECT_EQ(Status(Verb::get, "/names/x", page), 403);
  const Headers other = {{"Host", "localhost:8080"}, {"Origin", "https://other.example"}};
  EXPECT_EQ(Status(Verb::post, "/shared", other), 403);
  EXPECT_EQ(Admit(Verb::post, "/shared", other)->page_origin, "");
}

TEST_F(AdmissionTest, APreflightIsAllowedForThemAndRefusedToOthers) {
  const auto asks = [](const char* origin) {
    return Headers{
        {"Origin", origin}, {"Access-Control-Request-Method", "POST"}, {"Access-Control-Request-Headers", "x-mine"}};
  };
  const auto allowed = Admit(Verb::options, "/shared", asks(kPage));
  ASSERT_TRUE(allowed.ok() && allowed->answer.has_value());
  EXPECT_EQ(allowed->answer->status, 204);
  EXPECT_TRUE(allowed->error.ok());
  EXPECT_EQ(allowed->page_origin, kPage);
  EXPECT_EQ(Header(*allowed->answer, "Access-Control-Allow-Methods"), "POST");
  EXPECT_EQ(Header(*allowed->answer, "Access-Control-Allow-Headers"), "x-mine");
  EXPECT_EQ(Status(Verb::options, "/shared", asks("https://other.example")), 405);
  EXPECT_EQ(Status(Verb::options, "/names/x", asks(kPage)), 405);
  EXPECT_EQ(Status(Verb::options, "/shared", asks(kPage), /*has_body=*/true), 405);
}

}  // namespace
}  // namespace playhead::broker::http
