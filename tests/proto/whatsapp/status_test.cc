// Statuses: a row for each webhook field that StatusUpdate has.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/whatsapp/content.h"
#include "tests/proto/whatsapp/content_rows.h"

namespace playhead::whatsapp {
namespace {

namespace v1 = photon::whatsapp::v1;

TEST(StatusTest, EveryStatus) {
  const std::vector<std::pair<std::string, v1::MessageStatus>> statuses = {
      {"sent", v1::MESSAGE_STATUS_SENT},     {"delivered", v1::MESSAGE_STATUS_DELIVERED},
      {"read", v1::MESSAGE_STATUS_READ},     {"played", v1::MESSAGE_STATUS_PLAYED},
      {"failed", v1::MESSAGE_STATUS_FAILED},
  };
  for (const auto& [name, value] : statuses) {
    const auto status = ParseStatus(EventData("status", absl::StrCat(R"({"id":"1","status":")", name, "\"}")));
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(status->status(), value) << name;
  }
}

// The SDK would show a status without a value as `sent`.
TEST(StatusTest, AnUnknownStatusIsNotRenderedAndNotDamage) {
  for (const char* name : {"deleted", "warning", "Sent", "sent ", "7", "MESSAGE_STATUS_SENT"}) {
    const auto status = ParseStatus(EventData("status", absl::StrCat(R"({"id":"1","status":")", name, "\"}")));
    EXPECT_TRUE(HasReason(status.status(), Reason::kNotRendered)) << name << status.status();
  }
}

TEST(StatusTest, Fields) {
  ExpectStatuses({
      {"id, status", "", ""},
      {"timestamp", R"("timestamp":"1790000002")", "timestamp { seconds: 1790000002 }"},
      {"recipient_id", R"("recipient_id":"551")", R"(recipient_id: "551")"},
      {"a group's recipient", R"("recipient_id":"g1","recipient_type":"group","recipient_participant_id":"551")",
       R"(recipient_id: "g1")"},
      {"conversation.id, origin.type", R"("conversation":{"id":"c","origin":{"type":"service"}})",
       R"(conversation { id: "c" origin_type: "service" })"},
      {"conversation.expiration_timestamp", R"("conversation":{"id":"c","expiration_timestamp":"1790086402"})",
       R"(conversation { id: "c" expiration { seconds: 1790086402 } })"},
      {"pricing.billable, pricing_model, type, category",
       R"("pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"})",
       R"(pricing { billable: true pricing_model: "PMP" type: "regular" category: "utility" })"},
      {"pricing.billable false", R"("pricing":{"billable":false})", "pricing {}"},
      {"errors[].code, title, message, href, error_data.details",
       R"("errors":[{"code":131026,"title":"t","message":"m","href":"h","error_data":{"details":"d"}}])",
       R"(errors { code: 131026 title: "t" message: "m" href: "h" details: "d" })"},
      {"biz_opaque_callback_data", R"("biz_opaque_callback_data":"order-7")", R"(biz_opaque_callback_data: "order-7")"},
      {"biz_opaque_callback_data, empty", R"("biz_opaque_callback_data":"")", R"(biz_opaque_callback_data: "")"},
  });
}

TEST(StatusTest, APartThatCannotBeReadIsLeftOutWhole) {
  ExpectStatuses({
      {"conversation", R"("conversation":{"id":"c","origin":"service"},"recipient_id":"551")",
       R"(recipient_id: "551")"},
      {"expiration", R"("conversation":{"id":"c","expiration_timestamp":"never"})", ""},
      {"pricing", R"("pricing":{"category":"utility","billable":"yes"})", ""},
      {"errors", R"("errors":[{"code":1},{"code":"one"}])", ""},
      {"an error's number too large", R"("errors":[{"code":2147483648}])", ""},
      {"the rest", R"("timestamp":[],"recipient_id":{},"biz_opaque_callback_data":true)", ""},
  });
}

TEST(StatusTest, WhatIsNoStatusIsAnError) {
  const std::vector<std::string> damaged = {
      "",
      "{}",
      "[]",
      R"({"message":{"id":"1"}})",
      R"({"status":"sent"})",
      R"({"status":{"status":"sent"}})",
      R"({"status":{"id":"1"}})",
      R"({"status":{"id":"1","status":null}})",
      R"({"status":{"id":"1","status":""}})",
      R"({"status":{"id":"1","status":["sent"]}})",
      R"({"status":{"id":[],"status":"sent"}})",
      R"({"status":{"id":"1","status":"sent"})",
      R"({"status":{"id":"1","status":"sent"}},)",
  };
  for (const std::string& data : damaged) {
    const auto status = ParseStatus(data);
    EXPECT_TRUE(HasReason(status.status(), Reason::kEventInvalid)) << data << "\n" << status.status();
  }
}

}  // namespace
}  // namespace playhead::whatsapp
