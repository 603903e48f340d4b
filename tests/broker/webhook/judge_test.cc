#include "broker/webhook/judge.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker::webhook {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

SecretTable Table(std::initializer_list<std::pair<std::string, std::string>> secrets) {
  SecretTable table;
  for (const auto& [name, secret] : secrets) table.secrets[name].current = secret;
  return table;
}

// A body that names these phone numbers.
std::string BodyOf(std::initializer_list<int> phones) {
  std::string changes;
  for (const int phone : phones) {
    absl::StrAppend(&changes, changes.empty() ? "" : ",",
                    R"({"field":"messages","value":{"messages":[{"id":"w"}],"metadata":{"phone_number_id":")", phone,
                    R"("}}})");
  }
  return absl::StrCat(R"({"entry":[{"id":"77","changes":[)", changes, "]}]}");
}

absl::StatusOr<Judgement> JudgeSigned(const SecretTable& table, const std::string& body, absl::string_view secret) {
  return Judge(table, SignatureHeader(body, secret), body, kNow);
}

bool IsVerified(const absl::StatusOr<Judgement>& judgement) {
  return judgement.ok() && judgement->verdict == Verdict::kVerified;
}

bool IsRefused(const absl::StatusOr<Judgement>& judgement) {
  return HasReason(judgement.status(), Reason::kSignatureInvalid);
}

TEST(JudgeTest, OneSecretForAllVerifiesEveryBody) {
  const SecretTable table = Table({{"*", "all"}});
  const std::string body = BodyOf({1, 2});
  const auto judgement = JudgeSigned(table, body, "all");
  ASSERT_TRUE(IsVerified(judgement));
  EXPECT_EQ(judgement->events.size(), 2u);
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "other")));
  EXPECT_TRUE(IsRefused(Judge(table, "", body, kNow)));
}

TEST(JudgeTest, TheSecretOfEveryInstanceMustHold) {
  const SecretTable table = Table({{"1", "one"}, {"2", "two"}, {"3", "one"}});
  std::string body = BodyOf({1, 3});
  EXPECT_TRUE(IsVerified(JudgeSigned(table, body, "one")));
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "two")));
  body = BodyOf({1, 2});
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "one")));
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "two")));
  // One that has none is no way around it.
  body = BodyOf({1, 9});
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "one")));
  body = BodyOf({9, 1});
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "nothing")));
}

TEST(JudgeTest, AnInstancesOwnSecretTakesThePlaceOfThatOfAll) {
  const SecretTable table = Table({{"*", "all"}, {"1", "one"}});
  EXPECT_TRUE(IsVerified(JudgeSigned(table, BodyOf({2}), "all")));
  EXPECT_TRUE(IsVerified(JudgeSigned(table, BodyOf({1}), "one")));
  EXPECT_TRUE(IsRefused(JudgeSigned(table, BodyOf({1}), "all")));
  EXPECT_TRUE(IsRefused(JudgeSigned(table, BodyOf({1, 2}), "all")));
}

TEST(JudgeTest, WhatIsSignedAndNotUnderstoodIsKeptWhole) {
  for (const SecretTable& table : {Table({{"*", "all"}}), Table({{"*", "all"}, {"1", "one"}})}) {
    const std::string body = "not JSON";
    const auto judgement = JudgeSigned(table, body, "all");
    ASSERT_TRUE(IsVerified(judgement));
    ASSERT_EQ(judgement->events.size(), 1u);
    EXPECT_EQ(judgement->events[0].instance, kUnroutedInstance);
    EXPECT_EQ(judgement->events[0].type, kUnparsedType);
    EXPECT_EQ(judgement->events[0].data(), body);
    EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "one")));
  }
  EXPECT_TRUE(HasReason(JudgeSigned(Table({{"1", "one"}}), "not JSON", "one").status(), Reason::kWebhookBodyInvalid));
}

TEST(JudgeTest, BodiesOfInstancesWithoutSecretsAreUnverified) {
  for (const SecretTable& table : {Table({}), Table({{"1", "one"}})}) {
    const auto judgement = JudgeSigned(table, BodyOf({8, 9}), "any");
    ASSERT_TRUE(judgement.ok()) << judgement.status();
    EXPECT_EQ(judgement->verdict, Verdict::kUnverified);
  }
  EXPECT_TRUE(IsRefused(Judge(Table({}), "sha256=", BodyOf({8}), kNow)));
}

TEST(JudgeTest, ThePreviousSecretHoldsForItsTime) {
  SecretTable table = Table({{"*", "new"}});
  AppSecret& secret = table.secrets["*"];
  secret.previous = "old";
  secret.previous_until = kNow;
  const std::string body = BodyOf({1});
  EXPECT_TRUE(IsRefused(JudgeSigned(table, body, "old")));
  secret.previous_until = kNow + absl::Seconds(1);
  EXPECT_TRUE(IsVerified(JudgeSigned(table, body, "old")));
  EXPECT_TRUE(IsVerified(JudgeSigned(table, body, "new")));
}

}  // namespace
}  // namespace playhead::broker::webhook
