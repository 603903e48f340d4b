#include "tests/integration/multiwa_client.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

namespace json = boost::json;

broker::ServerOptions MultiWaOptions() {
  broker::ServerOptions options = TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  options.dialects.multiwa.marker_interval = absl::ZeroDuration();  // What was read is known at once.
  return options;
}

void PublishMultiWa(TestServer& server, absl::string_view profile, absl::string_view id, absl::string_view type) {
  const std::string data = absl::StrCat(R"({"id":")", id, R"("})");
  AppendAndWait(server.log(), std::string(profile),
                {{.type = type, .data = data, .attributes = {{"dialect", "multiwa"}}}});
}

MultiWaClient::MultiWaClient(TestServer& server, absl::string_view target) : socket_(server.server().http_address()) {
  const HttpResponse response = socket_.Connect(target);
  EXPECT_EQ(response.status, 101) << response.body;
  if (response.status == 101) welcome_ = Next();
}

void MultiWaClient::Say(absl::string_view text) { EXPECT_TRUE(socket_.SendText(text)); }

std::string MultiWaClient::NextText() {
  Frame frame = socket_.ReceiveMessage(/*answers_pings=*/reads);
  if (frame.ended || frame.opcode != Opcode::kText) return "closed";
  return std::move(frame.payload);
}

json::value MultiWaClient::Next() { return json::parse(NextText()); }

std::string MultiWaClient::Ask(absl::string_view text) {
  Say(text);
  return NextText();
}

json::value MultiWaClient::Subscribe(absl::string_view profile, absl::string_view more, absl::string_view events) {
  const std::string answer = Ask(absl::StrCat(R"({"type":"subscribe","payload":{"profileId":")", profile,
                                              R"(","events":[)", events, "]", more, "}}"));
  return json::parse(answer).at("payload");
}

std::string MultiWaClient::NextId() { return std::string(Next().at("payload").at("data").at("id").as_string()); }

uint16_t MultiWaClient::AwaitClose() {
  const Frame frame = socket_.ReceiveMessage();
  EXPECT_EQ(frame.opcode, Opcode::kClose) << frame.payload;
  return frame.close_code();
}

void MultiWaClient::Settle() {
  for (int i = 0; i < 3; ++i) {
    const std::string pong = Ask(R"({"type":"ping","requestId":"settle"})");
    EXPECT_THAT(pong, ::testing::HasSubstr("settle"));
  }
}

}  // namespace playhead::testing
