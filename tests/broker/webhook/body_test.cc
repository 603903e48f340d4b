#include "broker/webhook/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <deque>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker::webhook {
namespace {

using ::testing::ElementsAre;

// A body of one change with this value, of the phone number 1001 of the account 77.
std::string BodyOf(absl::string_view value, absl::string_view field = "messages") {
  return absl::StrCat(R"({"object":"whatsapp_business_account","entry":[{"id":"77","changes":[{"value":)", value,
                      R"(,"field":")", field, R"("}]}]})");
}

constexpr absl::string_view kMetadata = R"({"display_phone_number":"1","phone_number_id":"1001"})";

std::string MessagesBody(absl::string_view members) {
  return BodyOf(absl::StrCat(R"({"messaging_product":"whatsapp","metadata":)", kMetadata, ",", members, "}"));
}

// Events point into their body, which is therefore kept.
std::vector<BodyEvent> Split(absl::string_view text) {
  static std::deque<std::string> bodies;
  const std::string& body = bodies.emplace_back(text);
  auto events = SplitBody(body);
  EXPECT_TRUE(events.ok()) << events.status() << "\n" << body;
  return events.ok() ? *std::move(events) : std::vector<BodyEvent>();
}

BodyEvent SplitOne(absl::string_view body) {
  auto events = Split(body);
  EXPECT_EQ(events.size(), 1u) << body;
  return events.empty() ? BodyEvent() : events[0];
}

TEST(BodyTest, AMessageIsItsSlicesByteForByte) {
  const std::string body = MessagesBody(
      R"("contacts" : [ {"profile":{"name":"Zo\u00eb \ud83d\ude00"}, "wa_id":"4930"} ],)"
      R"( "messages":[ {"from":"4930", "id":"wamid.A=","timestamp":"1790000002",)"
      R"("type":"location","location":{"latitude":-53.0401290,"longitude":2.5e0,"big":123456789012345678901234567890}}])");
  const BodyEvent event = SplitOne(body);
  EXPECT_EQ(event.instance, "1001");
  EXPECT_EQ(event.type, "message.received");
  EXPECT_EQ(event.id, "wamid.A=");
  EXPECT_EQ(event.created_at, 1'790'000'002'000'000);
  EXPECT_EQ(
      event.data(),
      absl::StrCat(
          R"({"metadata":)", kMetadata,
          R"(,"contact":{"profile":{"name":"Zo\u00eb \ud83d\ude00"}, "wa_id":"4930"},)"
          R"("message":{"from":"4930", "id":"wamid.A=","timestamp":"1790000002",)"
          R"("type":"location","location":{"latitude":-53.0401290,"longitude":2.5e0,"big":123456789012345678901234567890}}})"));
  EXPECT_EQ(event.data().size(), event.data_bytes());
}

// What each body of the corpus must become, said by another parser.
TEST(BodyTest, TheWholeCorpusBecomesItsMessagesAndStatuses) {
  std::ifstream file("tests/data/meta_webhooks.ndjson");
  size_t bodies = 0;
  size_t count = 0;
  for (std::string line; std::getline(file, line); ++bodies) {
    const auto value = boost::json::parse(line).at("entry").at(0).at("changes").at(0).at("value").as_object();
    const auto events = Split(line);
    size_t next = 0;
    for (const char* kind : {"messages", "statuses"}) {
      if (!value.contains(kind)) continue;
      for (const auto& item : value.at(kind).as_array()) {
        ASSERT_LT(next, events.size());
        const BodyEvent& event = events[next++];
        const bool is_status = absl::string_view(kind) == "statuses";
        const boost::json::value data = boost::json::parse(event.data());
        EXPECT_EQ(data.at("metadata"), value.at("metadata"));
        EXPECT_EQ(data.at(is_status ? "status" : "message"), item);
        EXPECT_EQ(event.instance, value.at("metadata").at("phone_number_id").as_string());
        if (is_status) {
          EXPECT_EQ(event.type, absl::StrCat("status.", item.at("status").as_string().c_str()));
          EXPECT_EQ(event.id,
                    absl::StrCat(item.at("id").as_string().c_str(), ":", item.at("status").as_string().c_str(), ":",
                                 item.at("recipient_id").as_string().c_str()));
        } else {
          EXPECT_EQ(event.type, item.at("type") == "reaction" ? "message.reaction" : "message.received");
          EXPECT_EQ(event.id, item.at("id").as_string());
          if (item.as_object().contains("from") && data.as_object().contains("contact")) {
            EXPECT_EQ(data.at("contact").at("wa_id"), item.at("from"));
          }
        }
        EXPECT_EQ(absl::StrCat(event.created_at / 1'000'000), item.at("timestamp").as_string());
        for (const auto& member : event.members) EXPECT_TRUE(absl::StrContains(line, member.slice));
      }
    }
    EXPECT_EQ(next, events.size());
    count += next;
  }
  EXPECT_EQ(bodies, 4000u);
  EXPECT_EQ(count, 5038u);
}

TEST(BodyTest, EveryTypeOfMessageHasItsKind) {
  for (const auto& [type, kind] :
       std::vector<std::pair<std::string, std::string>>{{"text", "message.received"},
                                                        {"edit", "message.edited"},
                                                        {"revoke", "message.deleted"},
                                                        {"reaction", "message.reaction"},
                                                        {"of next year", "message.received"}}) {
    EXPECT_EQ(SplitOne(MessagesBody(absl::StrCat(R"("messages":[{"id":"w","type":")", type, R"("}])"))).type, kind);
  }
  EXPECT_EQ(SplitOne(MessagesBody(R"("messages":[{"id":"w"}])")).type, "message.received");
}

TEST(BodyTest, ReceiptsOfAGroupStayApart) {
  const auto events = Split(MessagesBody(
      R"("statuses":[{"id":"w","status":"read","recipient_id":"g","recipient_participant_id":"a"},)"
      R"({"id":"w","status":"read","recipient_id":"g","recipient_participant_id":"b"},)"
      R"({"id":"w","status":"delivered","recipient_id":"g"},{"id":"w","status":"warning","recipient_id":"g"}])"));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].id, "w:read:g:a");
  EXPECT_EQ(events[1].id, "w:read:g:b");
  EXPECT_EQ(events[2].id, "w:delivered:g");
  EXPECT_EQ(events[2].type, "status.delivered");
  EXPECT_EQ(events[3].type, "x.whatsapp.status.warning");
}

TEST(BodyTest, ContactsAreFoundByNumberWhereverTheyStand) {
  const auto events =
      Split(MessagesBody(R"("messages":[{"id":"1","from":"b"},{"id":"2","from":"a"},{"id":"3","from":"c"}],)"
                         R"("contacts":[{"wa_id":"a"},{"wa_id":"b","profile":{"name":"B"}}])"));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(events[0].data(), ::testing::HasSubstr(R"("contact":{"wa_id":"b","profile":{"name":"B"}})"));
  EXPECT_THAT(events[1].data(), ::testing::HasSubstr(R"("contact":{"wa_id":"a"})"));
  EXPECT_THAT(events[2].data(), ::testing::Not(::testing::HasSubstr("contact")));
}

TEST(BodyTest, EchoesAreMessagesThatWereSent) {
  const BodyEvent event =
      SplitOne(BodyOf(absl::StrCat(R"({"metadata":)", kMetadata,
                                   R"(,"message_echoes":[{"from":"1","to":"2","id":"w","type":"text"}]})"),
                      "smb_message_echoes"));
  EXPECT_EQ(event.type, "message.sent");
  EXPECT_EQ(event.id, "w");
  EXPECT_THAT(event.data(), ::testing::HasSubstr(R"("message":{"from":"1")"));
}

TEST(BodyTest, ErrorsOfTheAccountAreEvents) {
  const BodyEvent event = SplitOne(MessagesBody(R"("errors":[{"code":130429,"title":"Rate limit hit"}])"));
  EXPECT_EQ(event.type, "account.error");
  EXPECT_TRUE(absl::StartsWith(event.id, "sha256:"));
  EXPECT_THAT(event.data(), ::testing::HasSubstr(R"("error":{"code":130429,"title":"Rate limit hit"})"));
}

TEST(BodyTest, OtherFieldsAreKeptWholeUnderTheirName) {
  const BodyEvent event = SplitOne(BodyOf(R"({"event":"APPROVED", "n":1.50})", "message_template_status_update"));
  EXPECT_EQ(event.instance, "77");  // No phone number: the account's.
  EXPECT_EQ(event.type, "x.whatsapp.message_template_status_update");
  EXPECT_EQ(event.data(), R"({"field":"message_template_status_update","value":{"event":"APPROVED", "n":1.50}})");
}

TEST(BodyTest, TheSameChangeAtAnotherTimeIsAnotherEvent) {
  const auto at = [](int time) {
    return SplitOne(absl::StrCat(R"({"entry":[{"changes":[{"value":{"a":1},"field":"f"}],"time":)", time, "}]}"));
  };
  EXPECT_EQ(at(1).id, at(1).id);
  EXPECT_NE(at(1).id, at(2).id);
  EXPECT_EQ(at(2).data(), R"({"field":"f","time":2,"value":{"a":1}})");
  EXPECT_EQ(at(2).instance, kUnroutedInstance);
}

TEST(BodyTest, AMemberThatIsNotKnownKeepsTheWholeValueToo) {
  const auto events = Split(MessagesBody(R"("messages":[{"id":"w"}],"novelties":[{"x":1}])"));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, "message.received");
  EXPECT_EQ(events[1].type, "x.whatsapp.messages");
  EXPECT_THAT(events[1].data(), ::testing::HasSubstr(R"("novelties":[{"x":1}])"));
  EXPECT_EQ(SplitOne(MessagesBody(R"("statuses":[])")).type, "x.whatsapp.messages");
}

TEST(BodyTest, SeveralPhoneNumbersInOneBody) {
  const auto change = [](int phone) {
    return absl::StrCat(R"({"field":"messages","value":{"messages":[{"id":"w"}],"metadata":{"phone_number_id":")",
                        phone, R"("}}})");
  };
  const std::string body = absl::StrCat(R"({"entry":[{"changes":[)", change(1), ",", change(2),
                                        R"(],"id":"77"},{"id":"78","changes":[)", change(1), "]}]}");
  const auto events = Split(body);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(InstancesOf(events), ElementsAre("1", "2"));
}

TEST(BodyTest, ANameThatIsTheBrokersOwnOrNoNameGoesToTheAccount) {
  for (const char* name : {"playhead.audit", "playhead.webhooks", "a b", "", "\\u0000", "\\ud800"}) {
    const std::string body =
        BodyOf(absl::StrCat(R"({"metadata":{"phone_number_id":")", name, R"("},"messages":[{"id":"w"}]})"));
    EXPECT_EQ(SplitOne(body).instance, "77") << name;
  }
  EXPECT_EQ(SplitOne(BodyOf(R"({"metadata":{"phone_number_id":"10\u0030"},"messages":[{"id":"w"}]})")).instance, "100");
}

TEST(BodyTest, WhatHasNotItsShapeIsKeptAsItIs) {
  EXPECT_EQ(SplitOne(R"({"entry":[ 7 ]})").data(), "7");
  EXPECT_EQ(SplitOne(R"({"entry":[{"id":"77","messaging":[]}]})").data(), R"({"id":"77","messaging":[]})");
  EXPECT_EQ(SplitOne(R"({"entry":[{"id":"77","changes":[{"value":1,"field":"f"}]}]})").data(),
            R"({"value":1,"field":"f"})");
  EXPECT_EQ(SplitOne(R"({"entry":[{"id":"77","changes":[null]}]})").data(), "null");
  const BodyEvent event = SplitOne(MessagesBody(R"("messages":["what"])"));
  EXPECT_EQ(event.type, kUnparsedType);
  EXPECT_EQ(event.data(), absl::StrCat(R"({"metadata":)", kMetadata, R"(,"message":"what"})"));
}

TEST(BodyTest, IdsThatCannotBeIdsAreHashed) {
  EXPECT_TRUE(absl::StartsWith(SplitOne(MessagesBody(R"("messages":[{"type":"text"}])")).id, "sha256:"));
  EXPECT_TRUE(absl::StartsWith(SplitOne(MessagesBody(R"("messages":[{"id":"a\nb"}])")).id, "sha256:"));
  const std::string body = MessagesBody(absl::StrCat(R"("messages":[{"id":")", std::string(300, 'w'), R"("}])"));
  EXPECT_EQ(SplitOne(body).id, ContentId({std::string(300, 'w')}));
}

TEST(BodyTest, ALoneSurrogateIsNoReasonToLoseAMessage) {
  const BodyEvent event = SplitOne(MessagesBody(R"("messages":[{"id":"w","text":{"body":"cut \ud83d"}}])"));
  EXPECT_EQ(event.id, "w");
  EXPECT_THAT(event.data(), ::testing::HasSubstr(R"(cut \ud83d")"));
}

TEST(BodyTest, WhatIsNotJsonIsRefused) {
  for (const std::string& body :
       std::vector<std::string>{"",
                                " ",
                                "null",
                                "[]",
                                "\"\"",
                                "7",
                                "{",
                                "{}",
                                R"({"entry":[]})",
                                R"({"entry":{}})",
                                R"({"entry":[1}])",
                                R"({"entry":[1],})",
                                R"({"entry":[1]} x)",
                                R"({"entry":[1]}{})",
                                R"({"entry":[01]})",
                                R"({"entry":[1.]})",
                                R"({"entry":[-]})",
                                R"({"entry":[1e]})",
                                R"({"entry":[tru]})",
                                R"({"entry":[truex]})",
                                R"({"entry":[nul]})",
                                R"({"entry":["\x"]})",
                                R"({"entry":["\u12"]})",
                                R"({"entry":["a)",
                                "{\"entry\":[\"\x80\"]}",
                                "{\"entry\":[\"a\nb\"]}",
                                R"({"entry":[{"a" 1}]})",
                                R"({"entry":[{"a":1 "b":2}]})",
                                R"({"entry":[1 2]})",
                                R"({"entry":[{"changes":[{"field":"f","value":{"a":{"b":+1}}}]}]})",
                                std::string("{\"entry\":[1]}\0", 14)}) {
    EXPECT_TRUE(HasReason(SplitBody(body).status(), Reason::kWebhookBodyInvalid)) << body;
  }
}

TEST(BodyTest, DeepBodiesAreRefusedAndDoNotExhaustTheStack) {
  const auto nested = [](size_t depth) {
    return BodyOf(absl::StrCat(R"({"a":)", std::string(depth, '['), std::string(depth, ']'), "}"), "f");
  };
  EXPECT_TRUE(SplitBody(nested(100)).ok());
  EXPECT_TRUE(HasReason(SplitBody(nested(1'000)).status(), Reason::kWebhookBodyInvalid));
  EXPECT_TRUE(HasReason(SplitBody(nested(1'000'000)).status(), Reason::kWebhookBodyInvalid));
  EXPECT_FALSE(SplitBody(std::string(kBodyBytesMax, '[')).ok());
}

TEST(BodyTest, ThousandsOfEntriesAreTakenApartAndTooManyAreRefused) {
  const auto body_of = [](size_t count) {
    std::string statuses;
    for (size_t i = 0; i < count; ++i) {
      absl::StrAppend(&statuses, i == 0 ? "" : ",", R"({"id":"w)", i, R"(","status":"read","recipient_id":"r"})");
    }
    return MessagesBody(absl::StrCat(R"("statuses":[)", statuses, "]"));
  };
  const std::string body = body_of(20'000);
  const auto events = Split(body);
  EXPECT_EQ(events.size(), 20'000u);
  EXPECT_EQ(events.back().id, "w19999:read:r");
  EXPECT_FALSE(SplitBody(body_of(kBodyEventsMax + 1)).ok());
}

TEST(BodyTest, ABodyThatWouldGrowBeyondBoundsIsRefused) {
  const std::string metadata = absl::StrCat(R"({"phone_number_id":"1","x":")", std::string(1 << 20, 'x'), R"("})");
  std::string messages = R"({"id":"w0"})";
  for (int i = 1; i < 1000; ++i) absl::StrAppend(&messages, R"(,{"id":"w)", i, R"("})");
  const std::string body = BodyOf(absl::StrCat(R"({"metadata":)", metadata, R"(,"messages":[)", messages, "]}"));
  EXPECT_TRUE(HasReason(SplitBody(body).status(), Reason::kWebhookBodyInvalid));
}

TEST(BodyTest, TheLargestBodyMakesAnEventThatFits) {
  const auto fill = [](absl::string_view before, absl::string_view after) {
    return absl::StrCat(before, std::string(kBodyBytesMax - before.size() - after.size(), 'x'), after);
  };
  for (const std::string& body :
       {fill(R"({"entry":[{"changes":[{"field":"f","value":{"metadata":{"phone_number_id":"1","x":")", R"("}}}]}]})"),
        fill(R"({"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":")", R"("}]}}]}]})")}) {
    EXPECT_LT(SplitOne(body).data_bytes() + 1024, storage::kEventBytesCeiling);
  }
}

TEST(BodyTest, ConflictingIdsStayIds) {
  EXPECT_EQ(ConflictId("w", "data").size(), 1 + 17u);
  EXPECT_NE(ConflictId("w", "data"), ConflictId("w", "other"));
  EXPECT_LE(ConflictId(std::string(256, 'w'), "data").size(), storage::kEventIdBytesMax);
}

}  // namespace
}  // namespace playhead::broker::webhook
