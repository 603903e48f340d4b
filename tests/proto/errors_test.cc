// The table of errors, and their encoding on the wire.
#include "proto/errors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace playhead {
namespace {

// The enumeration's last value tells how many there are: they are in the order of the alphabet.
constexpr int kReasons = static_cast<int>(Reason::kWebhookSecretsSealed) + 1;

TEST(ErrorsTest, EveryReasonHasItsRowAndItsOwnCode) {
  std::set<std::string> codes;
  for (int i = 0; i < kReasons; ++i) {
    const ReasonInfo& info = GetReasonInfo(static_cast<Reason>(i));
    EXPECT_EQ(static_cast<int>(info.reason), i) << info.code;
    const std::string code(info.code);
    EXPECT_TRUE(codes.insert(code).second) << code;
    for (const char c : code) EXPECT_TRUE(absl::ascii_isupper(static_cast<unsigned char>(c)) || c == '_') << code;
    EXPECT_NE(info.status, absl::StatusCode::kOk) << code;
    EXPECT_EQ(FindReason(info.code), &info);
  }
  EXPECT_EQ(FindReason("NO_SUCH_CODE"), nullptr);
  EXPECT_EQ(FindReason(""), nullptr);
}

TEST(ErrorsTest, RetryableIsWhatAnotherTryCanMend) {
  for (int i = 0; i < kReasons; ++i) {
    const ReasonInfo& info = GetReasonInfo(static_cast<Reason>(i));
    if (info.status == absl::StatusCode::kUnavailable) {
      EXPECT_TRUE(info.retryable) << info.code;
    }
    if (info.status == absl::StatusCode::kInvalidArgument || info.status == absl::StatusCode::kDataLoss ||
        info.status == absl::StatusCode::kOutOfRange || info.status == absl::StatusCode::kAlreadyExists) {
      EXPECT_FALSE(info.retryable) << info.code;
    }
  }
}

// docs/errors.md has a row for each reason, with its status and whether to retry, and none besides.
TEST(ErrorsTest, TheDocumentSaysTheSame) {
  std::ifstream document("docs/errors.md");
  ASSERT_TRUE(document.good());
  std::set<std::string> documented;
  for (std::string line; std::getline(document, line);) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (cells.size() < 4 || !absl::StartsWith(line, "| `") || !absl::EndsWith(cells[0], "`")) continue;
    const ReasonInfo* const info = FindReason(absl::string_view(cells[0]).substr(3, cells[0].size() - 4));
    ASSERT_NE(info, nullptr) << line;
    documented.insert(std::string(info->code));
    EXPECT_EQ(cells[1], absl::StatusCodeToString(info->status)) << line;
    EXPECT_EQ(cells[2], info->retryable ? "yes" : "no") << line;
  }
  EXPECT_EQ(documented.size(), static_cast<size_t>(kReasons));
}

TEST(ErrorsTest, AMessageIsUtf8WhateverItQuotes) {
  const std::string quoting = "there is no instance \xff\xfe";
  const std::string quoted = "there is no instance \\xff\\xfe";
  const absl::Status status = MakeError(Reason::kCursorTrimmed, quoting, {.first = 7});
  EXPECT_EQ(status.message(), quoted);
  EXPECT_TRUE(HasReason(status, Reason::kCursorTrimmed));
  EXPECT_EQ(ToProto(status).message(), quoted);
  EXPECT_EQ(ToProto(status).first_cursor(), 7u) << "no reader gave up at the message";
  EXPECT_EQ(ToProto(absl::DataLossError(quoting)).message(), quoted);
  EXPECT_EQ(MakeError(Reason::kCursorTrimmed, "größer als \"ü\"").message(), "größer als \"ü\"");
}

TEST(ErrorsTest, AnErrorSurvivesTheTripOverTheWire) {
  for (int i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    const absl::Status status =
        MakeError(reason, "what was wrong", {.first = 1, .head = 2, .last_good = 0, .next_sequence = 4});
    EXPECT_EQ(status.code(), GetReasonInfo(reason).status);
    EXPECT_TRUE(HasReason(status, reason));
    const v1::Error error = ToProto(status);
    EXPECT_EQ(error.code(), GetReasonInfo(reason).code);
    EXPECT_EQ(error.message(), "what was wrong");
    EXPECT_EQ(error.first_cursor(), 1u);
    EXPECT_EQ(error.head_cursor(), 2u);
    EXPECT_TRUE(error.has_last_good_cursor());
    EXPECT_EQ(error.next_sequence(), 4u);
    const absl::Status back = FromProto(error);
    EXPECT_EQ(back, status);
    EXPECT_EQ(IsRetryable(back), GetReasonInfo(reason).retryable);
  }
}

TEST(ErrorsTest, AStatusThatNobodyGaveAReasonStaysWhatItIs) {
  const v1::Error error = ToProto(absl::UnavailableError("gone"));
  EXPECT_EQ(error.code(), "UNAVAILABLE");
  EXPECT_TRUE(error.retryable());
  EXPECT_FALSE(IsRetryable(absl::OkStatus()));
  EXPECT_FALSE(HasReason(absl::OkStatus(), Reason::kInternal));
  EXPECT_TRUE(HasReason(absl::InternalError(""), Reason::kInternal)) << "a bug is one, whoever reports it";
}

}  // namespace
}  // namespace playhead
