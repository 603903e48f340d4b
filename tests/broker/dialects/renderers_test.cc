// What all dialects promise about rendering: every event of a real corpus is rendered, and whatever else is stored, no
// client ever gets an invalid frame.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/dialects/multiwa/gateway_renderer.h"
#include "broker/dialects/multiwa/renderer.h"
#include "broker/dialects/socketio/renderer.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/webhook/body.h"
#include "tests/fuzz/dialect_targets.h"
#include "tests/support/seed.h"

namespace playhead::broker {
namespace {

namespace json = boost::json;

EventView Published(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  EventView event;
  event.type = type;
  event.data = data;
  event.attributes = {{"dialect", dialect}};
  return event;
}

// How often each name was shown, over all events of the corpus.
std::map<std::string, int> CorpusIn(const model::RenderingDialect& dialect) {
  std::map<std::string, int> shown;
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  for (std::string body; std::getline(corpus, body);) {
    const auto events = webhook::SplitBody(body);
    for (const webhook::BodyEvent& event : *events) {
      const std::string data = event.data();
      const auto renderings = dialect.render(Published("whatsapp", event.type, data));
      EXPECT_TRUE(renderings.ok()) << event.type << ": " << renderings.status();
      if (!renderings.ok()) continue;
      for (const model::Rendering& rendering : *renderings) {
        ++shown[rendering.name];
        EXPECT_FALSE(rendering.has_neutral_value) << rendering.payload;
        EXPECT_TRUE(json::parse(rendering.payload).is_object() || json::parse(rendering.payload).is_array());
      }
    }
  }
  return shown;
}

using Shown = std::map<std::string, int>;

// In the corpus: 2552 messages and 126 reactions; 718 sent, 820 delivered, 583 read, 58 played and 181 failed.
TEST(RenderersTest, TheCorpusIsShownToEveryDialect) {
  EXPECT_EQ(CorpusIn(vzaps::kRendering), (Shown{{"Message", 2552 + 126}, {"ReadReceipt", 820 + 583 + 58}}));
  EXPECT_EQ(
      CorpusIn(socketio::kRendering),
      (Shown{{"messages.upsert", 2552}, {"messages.reaction", 126}, {"messages.update", 718 + 820 + 583 + 58 + 181}}));
  EXPECT_EQ(CorpusIn(multiwa::kRendering),
            (Shown{{"message.received", 2552 + 126}, {"message.ack", 718 + 820 + 583 + 58 + 181}}));
  EXPECT_EQ(CorpusIn(multiwa::kGatewayRendering),
            (Shown{{"message", 2552 + 126}, {"message:ack", 718 + 820 + 583 + 58 + 181}}));
}

// Every value of an event in turn, replaced by one of each kind.
TEST(RenderersTest, ValuesOfTheWrongKindMakeNoInvalidFrame) {
  const std::pair<const char*, const char*> events[] = {
      {"whatsapp\nmessage.received\n",
       R"({"contact":{"profile":{"name":"A"}},"message":{"from":"1","id":"w","timestamp":"1","type":"image","image":{"id":"9","url":"u"},"contacts":[{"name":{"formatted_name":"x"},"phones":[{"phone":"1","type":"C"}]}],"interactive":{"type":"list_reply","list_reply":{"id":"1"}},"order":{"product_items":[{}]},"context":{"id":"v"}}})"},
      {"whatsapp\nstatus.read\n", R"({"status":{"id":"w","status":"read","recipient_id":"1","errors":[{"code":1}]}})"},
      {"baileys\nmessages.upsert\n",
       R"({"messages":[{"key":{"remoteJid":"1@s.whatsapp.net","id":"A"},"messageTimestamp":{"low":1,"high":0},"message":{"ephemeralMessage":{"message":{"extendedTextMessage":{"text":"t","contextInfo":{"stanzaId":"B"}}}}}}]})"},
      {"baileys\nconnection.update\n",
       R"({"qr":"q","connection":"close","lastDisconnect":{"error":{"message":"m","output":{"statusCode":4}}}})"},
      {"baileys\ncreds.update\n", R"({"me":{"id":"1"},"registered":true})"},
      {"vzaps\nMessage\n", R"({"event":{"Info":{"ID":"A","Chat":"1@s.whatsapp.net"},"Message":{"conversation":"x"}}})"},
      {"vzaps\nReadReceipt\n", R"({"state":"Read","event":{"Chat":"1@s.whatsapp.net","MessageIDs":["A"]}})"},
      {"multiwa\nmessage.received\n", R"({"id":"A","from":"1@c.us","body":"b","type":"chat","hasMedia":true})"},
      {"\nmessage.received\n",
       R"({"message_id":"A","media":{"url":"u"},"location":{"latitude":1},"reaction":{"target":"B"}})"},
      {"\ngroup.participants.add\n", R"({"group":"g","participants":["1"]})"},
  };
  const json::value kinds[] = {nullptr, true, -1, 1.5e300, "text", json::array{1}, json::object{{"x", 1}}};
  const std::function<void(json::value&, const std::function<void()>&)> replace_each =
      [&](json::value& value, const std::function<void()>& run) {
        const json::value before = value;
        for (const json::value& kind : kinds) {
          value = kind;
          run();
        }
        value = before;
        if (value.is_object()) {
          for (auto& member : value.get_object()) replace_each(member.value(), run);
        } else if (value.is_array()) {
          for (json::value& element : value.get_array()) replace_each(element, run);
        }
      };
  for (const auto& [head, data] : events) {
    json::value value = json::parse(data);
    replace_each(value, [&, head = head] { fuzz::Rendering(absl::StrCat(head, json::serialize(value))); });
  }
}

TEST(RenderersTest, CutDataMakeNoInvalidFrame) {
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  std::string body;
  testing::Random random(testing::TestSeed());
  for (int i = 0; i < 200 && std::getline(corpus, body); ++i) {
    const auto events = webhook::SplitBody(body);
    for (const webhook::BodyEvent& event : *events) {
      const std::string data = event.data();
      fuzz::Rendering(absl::StrCat("whatsapp\n", event.type, "\n", data.substr(0, random.Below(data.size()))));
    }
  }
}

TEST(RenderersTest, AnEventOfMoreFactsThanStepsLosesNone) {
  std::string data = R"({"messages":[)";
  constexpr int kMessages = 40'000;
  for (int i = 0; i < kMessages; ++i) absl::StrAppend(&data, i == 0 ? "" : ",", R"({"key":{"id":"A"}})");
  absl::StrAppend(&data, "]}");
  const auto renderings = vzaps::Render(Published("baileys", "messages.upsert", data));
  ASSERT_EQ(renderings->size(), kMessages);
  // A client that was cut off behind any frame gets all that come after it.
  for (int i = 1; i < kMessages; ++i) {
    EXPECT_FALSE(model::WasSeen((*renderings)[i].step, (*renderings)[i - 1].step)) << i;
  }
  EXPECT_TRUE(model::WasSeen((*renderings)[30'000].step, (*renderings)[30'000].step));
}

}  // namespace
}  // namespace playhead::broker
