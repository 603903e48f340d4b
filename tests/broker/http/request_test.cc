#include "broker/http/request.h"

#include <gtest/gtest.h>

namespace playhead::broker::http {
namespace {

TEST(RequestTest, HeadersAreFoundWhateverTheirCase) {
  Request request;
  request.headers.insert("X-Hub-Signature-256", "sha256=ab");
  EXPECT_EQ(request.Header("x-hub-signature-256"), "sha256=ab");
  EXPECT_EQ(request.Header("x-hub"), std::nullopt);
}

TEST(RequestTest, TheFirstOfSeveralQueryParametersCounts) {
  Request request;
  request.query = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("b"), "");
  EXPECT_EQ(request.Query("c"), std::nullopt);
}

TEST(RequestTest, ReadsABearersSecret) {
  const auto secret = [](const char* value) {
    Request request;
    request.headers.insert("Authorization", value);
    return std::string(request.BearerSecret());
  };
  EXPECT_EQ(secret("Bearer ph_k1_x"), "ph_k1_x");
  EXPECT_EQ(secret("bearer   ph_k1_x "), "ph_k1_x");
  EXPECT_EQ(secret("Basic dXNlcg=="), "");
  EXPECT_EQ(secret("Bearer"), "");
  EXPECT_EQ(Request().BearerSecret(), "");
}

}  // namespace
}  // namespace playhead::broker::http
