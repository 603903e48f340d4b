#include "broker/http/response.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <boost/json/parse.hpp>
#include <map>
#include <string>

#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

std::map<std::string, std::string> Headers(const Response& response) {
  std::map<std::string, std::string> headers;
  for (const ResponseHeader& header : response.headers) headers[std::string(header.name)] = header.value;
  return headers;
}

TEST(ResponseTest, AnErrorCarriesTheWholeVocabulary) {
  const Response response = JsonError(MakeError(Reason::kCursorTrimmed, "gone", {.first = 7, .head = 9}));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(boost::json::parse(response.body), boost::json::parse(R"({"error":{"code":"CURSOR_TRIMMED","message":"gone",
      "retryable":false,"first_cursor":7,"head_cursor":9}})"));
  EXPECT_EQ(Headers(response),
            (std::map<std::string, std::string>{{"error-code", "CURSOR_TRIMMED"}, {"x-retryable", "false"}}));
}

TEST(ResponseTest, ARetryableErrorAsksToWait) {
  const Response response = JsonError(MakeError(Reason::kAppendQueueFull, "busy"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(Headers(response)["x-retryable"], "true");
  EXPECT_EQ(Headers(response)["Retry-After"], "1");
}

TEST(ResponseTest, AnUnauthenticatedCallerLearnsTheScheme) {
  EXPECT_EQ(Headers(JsonError(MakeError(Reason::kKeyExpired, "expired")))["WWW-Authenticate"], "Bearer");
}

TEST(ResponseTest, EveryReasonHasAnHttpStatusThatIsAnError) {
  for (int i = 0; i <= static_cast<int>(Reason::kWebhookSecretMissing); ++i) {
    const auto reason = static_cast<Reason>(i);
    const int status = HttpStatus(MakeError(reason, "x"));
    EXPECT_GE(status, 400) << GetReasonInfo(reason).code;
    EXPECT_NE(StatusText(status), "") << status;
    if (GetReasonInfo(reason).status == absl::StatusCode::kInvalidArgument) {
      EXPECT_LT(status, 500) << GetReasonInfo(reason).code;
    }
  }
  EXPECT_EQ(HttpStatus(MakeError(Reason::kMethodNotAllowed, "x")), 405);
  EXPECT_EQ(HttpStatus(MakeError(Reason::kBodyTooLarge, "x")), 413);
  EXPECT_EQ(HttpStatus(MakeError(Reason::kConnectionsLimit, "x")), 503);
  EXPECT_EQ(HttpStatus(MakeError(Reason::kShuttingDown, "x")), 503);
  EXPECT_EQ(HttpStatus(MakeError(Reason::kIdConflict, "x")), 409);
  EXPECT_EQ(HttpStatus(MakeError(Reason::kAppendUncertain, "x")), 500);
  EXPECT_EQ(HttpStatus(absl::InternalError("a bug")), 500);
}

TEST(ResponseTest, AMessageOfAnyBytesIsStillJson) {
  const std::string body = JsonError(MakeError(Reason::kMalformedRequest, "no \"\xff\x01\n")).body;
  EXPECT_TRUE(simdjson::validate_utf8(body.data(), body.size()));
  EXPECT_EQ(boost::json::parse(body).at("error").at("message"), "no \\\"\\xff\\x01\\n");
}

}  // namespace
}  // namespace playhead::broker::http
