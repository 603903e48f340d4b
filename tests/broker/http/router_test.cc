#include "broker/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/http/target.h"

namespace playhead::broker::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RouterTest : public ::testing::Test {
 protected:
  void Add(Verb method, const char* pattern) {
    router_.Add(method, pattern, {}, [](Request, Responder) {});
  }

  Router::Match Find(Verb method, const char* target) { return router_.Find(method, ParseTarget(target)->segments); }

  // The pattern that answers, or what is allowed instead.
  std::string Found(Verb method, const char* target) {
    const Router::Match match = Find(method, target);
    return match.route != nullptr ? match.route->pattern : "allow: " + match.allow;
  }

  Router router_;
};

TEST_F(RouterTest, FindsByMethodAndPath) {
  Add(Verb::get, "/webhook");
  Add(Verb::post, "/webhook");
  Add(Verb::get, "/");
  EXPECT_EQ(Find(Verb::post, "/webhook").route, &router_.routes()[1]);
  EXPECT_EQ(Find(Verb::get, "/webhook?a=b").route, &router_.routes()[0]);
  EXPECT_EQ(Found(Verb::get, "/"), "/");
}

TEST_F(RouterTest, NamesWhatStandsInThePath) {
  Add(Verb::get, "/v1/instances/{name}/consumers/{consumer}");
  const Router::Match match = Find(Verb::get, "/v1/instances/a%2Fb/consumers/c+1");
  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.path_parameters, ElementsAre(Parameter{"name", "a/b"}, Parameter{"consumer", "c+1"}));
}

TEST_F(RouterTest, AParameterIsOneSegmentAndNotEmpty) {
  Add(Verb::get, "/v1/{name}");
  EXPECT_EQ(Found(Verb::get, "/v1/"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "/v1/a/b"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "/v1"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "/v1/a"), "/v1/{name}");
}

TEST_F(RouterTest, ASegmentThatIsSpelledOutComesFirst) {
  Add(Verb::get, "/v1/{name}/{other}");
  Add(Verb::get, "/v1/{name}/events");
  Add(Verb::get, "/v1/all/{other}");
  EXPECT_EQ(Found(Verb::get, "/v1/all/events"), "/v1/all/{other}");
  EXPECT_EQ(Found(Verb::get, "/v1/x/events"), "/v1/{name}/events");
  EXPECT_EQ(Found(Verb::get, "/v1/x/y"), "/v1/{name}/{other}");
}

TEST_F(RouterTest, GetAnswersHead) {
  Add(Verb::get, "/healthz");
  Add(Verb::post, "/token");
  EXPECT_EQ(Found(Verb::head, "/healthz"), "/healthz");
  EXPECT_EQ(Found(Verb::head, "/token"), "allow: POST");
}

TEST_F(RouterTest, ListsTheMethodsOfAPath) {
  Add(Verb::post, "/webhook");
  Add(Verb::get, "/webhook");
  Add(Verb::delete_, "/{anything}");
  EXPECT_EQ(Found(Verb::put, "/webhook"), "allow: DELETE, GET, HEAD, POST");
  EXPECT_EQ(Found(Verb::put, "/other/path"), "allow: ");
  EXPECT_THAT(Find(Verb::put, "/webhook").path_parameters, IsEmpty());
}

TEST_F(RouterTest, PathsAreComparedExactly) {
  Add(Verb::get, "/metrics");
  EXPECT_EQ(Found(Verb::get, "/Metrics"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "/metrics/"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "//metrics"), "allow: ");
  EXPECT_EQ(Found(Verb::get, "/%6detrics"), "/metrics");
}

}  // namespace
}  // namespace playhead::broker::http
