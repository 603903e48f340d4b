// The typed view of WhatsApp's events: of single events, and of the whole corpus as a broker delivers it.
#include "client/whatsapp.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/webhook/body.h"
#include "client/testing/test_broker.h"
#include "proto/errors.h"

namespace playhead {
namespace {

using whatsapp::InboundMessage;
using whatsapp::StatusUpdate;

Event MakeEvent(std::string type, std::string data, std::string dialect = "whatsapp") {
  struct Owner {
    std::string type, data, dialect;
  };
  auto owner = std::make_shared<const Owner>(Owner{std::move(type), std::move(data), std::move(dialect)});
  EventView view;
  view.type = owner->type;
  view.data = owner->data;
  view.attributes = {{"dialect", owner->dialect}};
  return Event(owner, view);
}

// The view of a message with these fields; it must have one.
InboundMessage Message(absl::string_view fields) {
  const auto event = WhatsAppEvent::From(
      MakeEvent("message.received",
                absl::StrCat(R"({"metadata":{},"contact":{"wa_id":"551","profile":{"name":"Ana"}},)",
                             R"("message":{"id":"wamid.1","from":"551","timestamp":"1790000002",)", fields, "}}")));
  EXPECT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->status(), nullptr);
  return *event->message();
}

template <typename Kind>
Kind ContentOf(absl::string_view fields) {
  const InboundMessage message = Message(fields);
  const Kind* const content = std::get_if<Kind>(&message.content);
  EXPECT_NE(content, nullptr) << message.message_type;
  return content == nullptr ? Kind{} : *content;
}

TEST(WhatsAppEventTest, AMessageHasWhatTheWebhookHad) {
  const InboundMessage message =
      Message(R"("type":"text","text":{"body":"hello"},"context":{"id":"wamid.0"},"referral":{"body":"Now"},)"
              R"("errors":[{"code":7}])");
  EXPECT_EQ(message.id, "wamid.1");
  EXPECT_EQ(message.from, "551");
  EXPECT_EQ(message.timestamp, absl::FromUnixSeconds(1790000002));
  EXPECT_EQ(message.message_type, "text");
  EXPECT_EQ(message.contact.value().name(), "Ana");
  EXPECT_EQ(message.context.value().id(), "wamid.0");
  EXPECT_EQ(message.referral.value().body(), "Now");
  ASSERT_EQ(message.errors.size(), 1u);
  EXPECT_EQ(message.errors[0].code(), 7);
}

TEST(WhatsAppEventTest, WhatTheWebhookHadNotIsAbsent) {
  const auto event = WhatsAppEvent::From(MakeEvent("message.received", R"({"message":{"id":"1"}})"));
  ASSERT_TRUE(event.ok()) << event.status();
  const InboundMessage& message = *event->message();
  EXPECT_EQ(message.timestamp, absl::UnixEpoch());
  EXPECT_FALSE(message.contact.has_value());
  EXPECT_FALSE(message.context.has_value());
  EXPECT_FALSE(message.referral.has_value());
  EXPECT_TRUE(message.errors.empty());
  EXPECT_TRUE(std::holds_alternative<whatsapp::Unknown>(message.content));
}

TEST(WhatsAppEventTest, EveryContentKindHasItsAlternative) {
  EXPECT_EQ(ContentOf<whatsapp::Text>(R"("type":"text","text":{"body":"b"})").body, "b");
  EXPECT_EQ(ContentOf<whatsapp::Image>(R"("type":"image","image":{"caption":"c"})").media.caption(), "c");
  EXPECT_EQ(ContentOf<whatsapp::Video>(R"("type":"video","video":{"id":"7"})").media.id(), "7");
  EXPECT_TRUE(ContentOf<whatsapp::Audio>(R"("type":"audio","audio":{"voice":true})").media.voice());
  EXPECT_EQ(ContentOf<whatsapp::Document>(R"("type":"document","document":{"filename":"f"})").media.filename(), "f");
  EXPECT_TRUE(ContentOf<whatsapp::Sticker>(R"("type":"sticker","sticker":{"animated":true})").sticker.animated());
  EXPECT_EQ(ContentOf<whatsapp::Location>(R"("type":"location","location":{"latitude":1.5})").location.latitude(), 1.5);
  const auto contacts =
      ContentOf<whatsapp::Contacts>(R"("type":"contacts","contacts":[{"birthday":"a"},{"birthday":"b"}])").contacts;
  ASSERT_EQ(contacts.size(), 2u);
  EXPECT_EQ(contacts[1].birthday(), "b");
  EXPECT_EQ(ContentOf<whatsapp::Reaction>(R"("type":"reaction","reaction":{"emoji":"x"})").reaction.emoji(), "x");
  EXPECT_EQ(ContentOf<whatsapp::Button>(R"("type":"button","button":{"payload":"p"})").button.payload(), "p");
  EXPECT_EQ(ContentOf<whatsapp::Order>(R"("type":"order","order":{"catalog_id":"c"})").order.catalog_id(), "c");
  EXPECT_EQ(ContentOf<whatsapp::System>(R"("type":"system","system":{"body":"b"})").system.body(), "b");
  ContentOf<whatsapp::Unknown>(R"("type":"unsupported")");
  ContentOf<whatsapp::Unknown>(R"("type":"image")");
}

TEST(WhatsAppEventTest, EveryReplyHasItsAlternative) {
  const auto button = ContentOf<whatsapp::Interactive>(
      R"("type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"b"}})");
  EXPECT_EQ(std::get<whatsapp::ButtonReply>(button.reply).id(), "b");
  const auto list = ContentOf<whatsapp::Interactive>(
      R"("type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"l"}})");
  EXPECT_EQ(std::get<whatsapp::ListReply>(list.reply).id(), "l");
  const auto flow = ContentOf<whatsapp::Interactive>(
      R"("type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"{}"}})");
  EXPECT_EQ(std::get<whatsapp::NfmReply>(flow.reply).response_json(), "{}");
}

TEST(WhatsAppEventTest, AStatusHasWhatTheWebhookHad) {
  const auto event = WhatsAppEvent::From(MakeEvent(
      "status.failed",
      R"({"status":{"id":"1","status":"failed","timestamp":"1790000002","recipient_id":"551","conversation":{"id":"c"},)"
      R"("pricing":{"billable":true},"errors":[{"code":131026}],"biz_opaque_callback_data":"order-7"}})"));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->message(), nullptr);
  const StatusUpdate& status = *event->status();
  EXPECT_EQ(status.id, "1");
  EXPECT_EQ(status.status, whatsapp::MessageStatus::kFailed);
  EXPECT_EQ(status.timestamp, absl::FromUnixSeconds(1790000002));
  EXPECT_EQ(status.recipient_id, "551");
  EXPECT_EQ(status.conversation.value().id(), "c");
  EXPECT_TRUE(status.pricing.value().billable());
  EXPECT_EQ(status.errors.at(0).code(), 131026);
  EXPECT_EQ(status.biz_opaque_callback_data, "order-7");
}

TEST(WhatsAppEventTest, EveryStatusHasItsValueAndName) {
  for (const char* name : {"sent", "delivered", "read", "played", "failed"}) {
    const auto event = WhatsAppEvent::From(
        MakeEvent(absl::StrCat("status.", name), absl::StrCat(R"({"status":{"id":"1","status":")", name, R"("}})")));
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(whatsapp::MessageStatusName(event->status()->status), name);
    EXPECT_FALSE(event->status()->conversation.has_value());
    EXPECT_FALSE(event->status()->pricing.has_value());
    EXPECT_FALSE(event->status()->biz_opaque_callback_data.has_value());
  }
}

TEST(WhatsAppEventTest, WhatIsNeitherIsNotRendered) {
  const std::string message = R"({"message":{"id":"1"}})";
  for (const Event& event : {
           Event(),
           MakeEvent("message.received", message, "vzaps"),
           MakeEvent("message.sent", message),
           MakeEvent("account.error", R"({"error":{}})"),
           MakeEvent("x.whatsapp.flows", "{}"),
           MakeEvent("x.whatsapp.status.deleted", R"({"status":{"id":"1","status":"deleted"}})"),
           MakeEvent("status.sent", R"({"status":{"id":"1","status":"deleted"}})"),
       }) {
    EXPECT_TRUE(HasReason(WhatsAppEvent::From(event).status(), Reason::kNotRendered)) << event.type();
  }
}

TEST(WhatsAppEventTest, DamageIsAnError) {
  for (const Event& event : {
           MakeEvent("message.received", ""),
           MakeEvent("message.received", R"({"status":{"id":"1","status":"sent"}})"),
           MakeEvent("status.sent", R"({"status":{"id":"1"}})"),
       }) {
    EXPECT_TRUE(HasReason(WhatsAppEvent::From(event).status(), Reason::kEventInvalid)) << event.type();
  }
}

// The path of a webhook: its body taken apart, its events appended, streamed and viewed.
TEST(WhatsAppEventTest, EveryEventOfTheCorpusHasAView) {
  auto broker = TestBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  Client client = (*broker)->NewClient();
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  std::vector<std::string> types, data;
  for (std::string body; std::getline(corpus, body);) {
    const auto events = broker::webhook::SplitBody(body);
    ASSERT_TRUE(events.ok()) << events.status();
    for (const broker::webhook::BodyEvent& event : *events) {
      types.push_back(event.type);
      data.push_back(event.data());
    }
  }
  auto publisher = client.NewPublisher();
  ASSERT_TRUE(publisher.ok()) << publisher.status();
  for (size_t i = 0; i < types.size(); ++i) {
    const absl::Status queued = publisher->Append(
        "1001", {.type = types[i], .data = data[i], .attributes = {{"dialect", "whatsapp"}}}, nullptr);
    ASSERT_TRUE(queued.ok()) << queued;
  }
  ASSERT_TRUE(publisher->Flush().ok());

  std::map<std::string, int> counts;
  for (const auto& event : client.FetchMissed({.instance = "1001", .start = Start::Beginning()})) {
    ASSERT_TRUE(event.ok()) << event.status();
    const auto view = WhatsAppEvent::From(*event);
    ASSERT_TRUE(view.ok()) << view.status() << event->data();
    if (const InboundMessage* const message = view->message()) {
      ++counts[message->message_type];
      EXPECT_EQ(message->content.index() == std::variant_size_v<whatsapp::Content> - 1,
                message->message_type == "unsupported");
      EXPECT_EQ(message->contact.value().wa_id(), message->from);
    } else {
      ++counts[std::string(whatsapp::MessageStatusName(view->status()->status))];
    }
  }
  const std::map<std::string, int> expected = {
      {"audio", 159},       {"button", 56},   {"contacts", 51},    {"document", 114}, {"image", 225},
      {"interactive", 129}, {"location", 95}, {"order", 32},       {"reaction", 126}, {"sticker", 80},
      {"system", 28},       {"text", 1491},   {"unsupported", 20}, {"video", 72},     {"delivered", 820},
      {"failed", 181},      {"played", 58},   {"read", 583},       {"sent", 718},
  };
  EXPECT_EQ(counts, expected);
}

}  // namespace
}  // namespace playhead
