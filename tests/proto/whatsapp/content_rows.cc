#include "tests/proto/whatsapp/content_rows.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/whatsapp/content.h"

namespace playhead::whatsapp {
namespace {

template <typename Proto>
void ExpectProto(const ContentRow& row, const absl::StatusOr<Proto>& actual, const std::string& expected_text) {
  SCOPED_TRACE(absl::StrCat(row.shows, "\n", row.json));
  Proto expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(expected_text, &expected)) << expected_text;
  ASSERT_TRUE(actual.ok()) << actual.status();
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, *actual)) << difference;
}

// The fields that every object has, and the row's own.
std::string Fields(absl::string_view common, absl::string_view own, absl::string_view separator) {
  return own.empty() ? std::string(common) : absl::StrCat(common, separator, own);
}

}  // namespace

std::string EventData(absl::string_view member, absl::string_view object) {
  return absl::StrCat(R"({"metadata":{"display_phone_number":"15550001","phone_number_id":"1001"},")", member,
                      "\":", object, "}");
}

void ExpectMessages(const std::vector<ContentRow>& rows) {
  for (const ContentRow& row : rows) {
    const std::string object = absl::StrCat("{", Fields(R"("id":"wamid.1","from":"551")", row.json, ","), "}");
    ExpectProto(row, ParseMessage(EventData("message", object)),
                Fields(R"(id: "wamid.1" from: "551")", row.proto, " "));
  }
}

void ExpectStatuses(const std::vector<ContentRow>& rows) {
  for (const ContentRow& row : rows) {
    const std::string object = absl::StrCat("{", Fields(R"("id":"wamid.1","status":"sent")", row.json, ","), "}");
    ExpectProto(row, ParseStatus(EventData("status", object)),
                Fields(R"(id: "wamid.1" status: MESSAGE_STATUS_SENT)", row.proto, " "));
  }
}

}  // namespace playhead::whatsapp
