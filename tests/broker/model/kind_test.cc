#include "broker/model/kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "broker/model/jid.h"

namespace playhead::broker::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EventView Published(absl::string_view dialect, absl::string_view type) {
  EventView event;
  event.type = type;
  if (!dialect.empty()) event.attributes = {{"trace", "1"}, {"dialect", dialect}};
  return event;
}

TEST(KindTest, EveryKindIsFoundByItsName) {
  for (size_t i = 0; i < kKindCount; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(KindNamed(KindName(kind)), kind);
    EXPECT_THAT(KindsOf(Dialect::kNone, KindName(kind)), ElementsAre(kind));
    EXPECT_THAT(KindsOf(Dialect::kWhatsApp, KindName(kind)), ElementsAre(kind));
  }
  EXPECT_EQ(KindNamed("message"), std::nullopt);
}

TEST(KindTest, ANameMeansWhatItMeansInItsDialect) {
  EXPECT_EQ(KindsOf(Dialect::kMultiWa, "message.received").front(), Kind::kMessageReceived);
  EXPECT_THAT(KindsOf(Dialect::kMultiWa, "message.sent"), IsEmpty());
  EXPECT_THAT(KindsOf(Dialect::kVZaps, "message.received"), IsEmpty());
  EXPECT_THAT(KindsOf(Dialect::kNone, "Message"), IsEmpty());
  EXPECT_THAT(KindsOf(Dialect::kOther, "message.received"), IsEmpty());
}

TEST(KindTest, WhatHasNoKindIsNamedByItsDialect) {
  EXPECT_EQ(KindText(Published("vzaps", "Message")), "message.received");
  EXPECT_EQ(KindText(Published("baileys", "labels.edit")), "x.baileys.labels.edit");
  EXPECT_EQ(KindText(Published("telegram", "update")), "x.telegram.update");
  EXPECT_EQ(KindText(Published("whatsapp", "x.whatsapp.flows")), "x.whatsapp.flows");
  EXPECT_EQ(KindText(Published("", "order.created")), "order.created");
}

TEST(JidTest, UsersGoThroughEveryDialect) {
  for (const char* jid : {"15550001", "15550001@s.whatsapp.net", "15550001:7@s.whatsapp.net", "15550001@c.us"}) {
    EXPECT_EQ(FromJid(jid), "15550001") << jid;
  }
  EXPECT_EQ(ToBaileysJid("15550001"), "15550001@s.whatsapp.net");
  EXPECT_EQ(ToMultiWaJid("15550001"), "15550001@c.us");
}

TEST(JidTest, OtherAddressesStayAsTheyAre) {
  for (const char* jid : {"", "120363041234567890@g.us", "998877@lid", "status@broadcast", "0@s.whatsapp.net.evil",
                          "@s.whatsapp.net", "abc@c.us", "BR.1234", ":@c.us"}) {
    EXPECT_EQ(FromJid(jid), jid);
    EXPECT_EQ(ToBaileysJid(jid), jid);
    EXPECT_EQ(ToMultiWaJid(jid), jid);
  }
  EXPECT_TRUE(IsGroup(FromMetaGroup("120363041234567890")));
  EXPECT_EQ(FromMetaGroup("120363041234567890@g.us"), "120363041234567890@g.us");
}

}  // namespace
}  // namespace playhead::broker::model
