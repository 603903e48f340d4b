#include "broker/dialects/photon/error_trailers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proto/errors.h"

namespace playhead::broker::photon {
namespace {

std::string CodeOf(Reason reason) { return std::string(ClientErrorCode(GetReasonInfo(reason).status)); }

TEST(PhotonErrorTrailersTest, EveryReasonHasAWordOfTheClient) {
  EXPECT_EQ(CodeOf(Reason::kUnauthenticated), "unauthenticated");
  EXPECT_EQ(CodeOf(Reason::kKeyExpired), "unauthenticated");
  EXPECT_EQ(CodeOf(Reason::kKeyRevoked), "unauthenticated");
  EXPECT_EQ(CodeOf(Reason::kPermissionDenied), "unauthorized");
  EXPECT_EQ(CodeOf(Reason::kQuotaExceeded), "rateLimitExceeded");
  EXPECT_EQ(CodeOf(Reason::kStreamsLimit), "rateLimitExceeded");
  EXPECT_EQ(CodeOf(Reason::kMediaNotFound), "notFound");
  EXPECT_EQ(CodeOf(Reason::kInstanceDeleted), "notFound");
  EXPECT_EQ(CodeOf(Reason::kMalformedRequest), "invalidArgument");
  EXPECT_EQ(CodeOf(Reason::kInstanceNameInvalid), "invalidArgument");
  EXPECT_EQ(CodeOf(Reason::kNotServed), "preconditionFailed");
  EXPECT_EQ(CodeOf(Reason::kShuttingDown), "serviceUnavailable");
  EXPECT_EQ(CodeOf(Reason::kStoreUnavailable), "serviceUnavailable");
  EXPECT_EQ(CodeOf(Reason::kDataLoss), "internalError");
  EXPECT_EQ(CodeOf(Reason::kInternal), "internalError");
}

TEST(PhotonErrorTrailersTest, EveryStatusHasAWordThatTheClientKnows) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_THAT(std::string(ClientErrorCode(static_cast<absl::StatusCode>(code))),
                ::testing::AnyOf("unauthenticated", "unauthorized", "rateLimitExceeded", "notFound", "invalidArgument",
                                 "preconditionFailed", "serviceUnavailable", "timeout", "internalError"))
        << code;
  }
}

}  // namespace
}  // namespace playhead::broker::photon
