#include "proto/event_json.h"

#include <gtest/gtest.h>

#include "proto/event_wire.h"

namespace playhead {
namespace {

TEST(IsJson, AdmitsOneValueAndNothingElse) {
  for (const char* text :
       {"{}", "[1,2]", "\"x\"", "null", " 1.5e300 ", "123456789012345678901234567890", "{\"a\":\n1}"}) {
    EXPECT_TRUE(IsJson(text)) << text;
  }
  for (const char* text : {"", " ", "{", "{}{}", "nul", "\"\xff\"", "01", "{'a':1}", "[1,]", "plain", "\"a\nb\""}) {
    EXPECT_FALSE(IsJson(text)) << text;
  }
}

TEST(IsJson, TakesDeepNestingForBytes) { EXPECT_FALSE(IsJson(std::string(100'000, '['))); }

EventView View(absl::string_view type, absl::string_view data) {
  EventView view;
  view.type = type;
  view.data = data;
  view.cursor = 7;
  view.appended_at = 1'000'001;
  return view;
}

TEST(AppendEventJson, KeepsTheBytesOfJsonButForLineBreaksBetweenTokens) {
  std::string out;
  AppendEventLine("bot", View("t", "{\r\n \"a\": 1.0}"), out);
  EXPECT_EQ(out,
            "{\"instance\":\"bot\",\"cursor\":7,\"type\":\"t\",\"appended_at\":\"1970-01-01T00:00:01.000001Z\","
            "\"data\":{ \"a\": 1.0}}\n");
}

TEST(AppendEventJson, KeepsTheBytesOfJsonWhereLinesDoNotMatter) {
  std::string out;
  AppendEventJson("bot", View("t", "{\r\n \"a\": 1.0}"), DataLineBreaks::kKeep, out);
  EXPECT_NE(out.find("\"data\":{\r\n \"a\": 1.0}}"), std::string::npos) << out;
}

TEST(AppendEventJson, ShowsHalfASurrogatePairAsJavaScriptWritesIt) {
  std::string out;
  AppendEventLine("bot", View("t", R"("\ud83d")"), out);
  EXPECT_NE(out.find(R"("data":"\ud83d"})"), std::string::npos) << out;
}

TEST(AppendEventJson, WritesOtherBytesAsBase64) {
  std::string out;
  AppendEventLine("bot", View("t", absl::string_view("\0\x01\xff", 3)), out);
  EXPECT_NE(out.find(",\"data_base64\":\"AAH/\"}"), std::string::npos) << out;
}

TEST(EventJsonReader, ReadsWhatIsPrinted) {
  EventView view = View("t \"quoted\" ü", "{\"n\": 1.0}");
  view.id = "id\\1";
  view.created_at = 1'790'000'002'000'007;
  view.attributes = {{"k", "v"}, {"ü", "\n"}};
  std::string line;
  AppendEventLine("bot", view, line);
  EventJsonReader reader;
  EventFields event;
  ASSERT_TRUE(reader.Read(line, event).ok());
  EXPECT_EQ(event.instance, "bot");
  EXPECT_EQ(event.type, "t \"quoted\" ü");
  EXPECT_EQ(event.id, "id\\1");
  EXPECT_EQ(event.created_at, view.created_at);
  EXPECT_EQ(event.data, "{\"n\": 1.0}");
  ASSERT_EQ(event.attributes.size(), 2u);
  EXPECT_EQ(event.attributes[1].second, "\n");
}

TEST(EventJsonReader, KeepsScalarsAsTheyAreWritten) {
  EventJsonReader reader;
  EventFields event;
  for (const char* data : {"1.50", "\"a\\u00e9\"", "null", "true", "[ 1 ]", "18446744073709551616"}) {
    ASSERT_TRUE(reader.Read(std::string("{\"type\":\"t\",\"data\": ") + data + " }", event).ok()) << data;
    EXPECT_EQ(event.data, data);
  }
}

TEST(EventJsonReader, RefusesWhatIsNoEvent) {
  EventJsonReader reader;
  EventFields event;
  for (const char* line :
       {"", "[]", "{", "{\"type\":\"t\"}", "{\"data\":1}", "{\"type\":1,\"data\":1}", "{\"type\":\"t\",\"data\":nope}",
        "{\"type\":\"t\",\"data\":1,\"data_base64\":\"AA==\"}", "{\"type\":\"t\",\"data_base64\":\"!\"}",
        "{\"type\":\"t\",\"data\":1,\"created_at\":\"noon\"}",
        "{\"type\":\"t\",\"data\":1,\"created_at\":\"infinite-future\"}",
        "{\"type\":\"t\",\"data\":1,\"colour\":\"red\"}", "{\"type\":\"t\",\"data\":1,\"attributes\":{\"k\":1}}"}) {
    EXPECT_FALSE(reader.Read(line, event).ok()) << line;
  }
}

}  // namespace
}  // namespace playhead
