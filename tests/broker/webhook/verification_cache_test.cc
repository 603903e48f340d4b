#include "broker/webhook/verification_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "broker/webhook/signature.h"
#include "broker/webhook/unverified.h"

namespace playhead::broker::webhook {
namespace {

constexpr absl::string_view kBody =
    R"({"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"a"}]}},)"
    R"({"field":"messages","value":{"metadata":{"phone_number_id":"2"},"messages":[{"id":"b"}]}},)"
    R"({"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"c"}]}}]}]})";

EventView Hidden(absl::string_view id, absl::string_view signature) {
  EventView event;
  event.type = kUnverifiedType;
  event.id = id;
  event.data = kBody;
  event.attributes = {{"dialect", "whatsapp"}, {kSignatureAttribute, signature}};
  return event;
}

TEST(VerificationCacheTest, ASignatureHoldsUnderItsSecretOnlyHoweverOftenItIsAsked) {
  VerificationCache cache;
  const std::string signature = SignatureHeader(kBody, "right");
  const EventView event = Hidden("unverified:1", signature);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(cache.Holds(event, "right"));
    EXPECT_FALSE(cache.Holds(event, "wrong"));
    EXPECT_FALSE(cache.Holds(event, ""));
  }
  EXPECT_FALSE(cache.Holds(Hidden("unverified:2", "sha256="), "right"));
  EventView other = event;
  other.type = "message.received";
  EXPECT_FALSE(cache.Holds(other, "right"));
}

TEST(VerificationCacheTest, AnswersStayRightWhenOldOnesAreForgotten) {
  VerificationCache cache(8);
  const std::string signature = SignatureHeader(kBody, "right");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      const std::string id = absl::StrCat("unverified:", i);
      EXPECT_EQ(cache.Holds(Hidden(id, signature), i % 2 == 0 ? "right" : "wrong"), i % 2 == 0);
    }
  }
}

TEST(VerificationCacheTest, TheEventsOfTheInstanceAreTheParts) {
  const auto parts = PartsOfUnverified(kBody, "1");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].id, "a");
  EXPECT_EQ(parts[1].id, "c");
  EXPECT_TRUE(PartsOfUnverified(kBody, "3").empty());
  EXPECT_TRUE(PartsOfUnverified("not JSON", "1").empty());
}

}  // namespace
}  // namespace playhead::broker::webhook
