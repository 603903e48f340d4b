#include "broker/http/socketio/server.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/http/socketio/json.h"
#include "tests/broker/http/engineio/server_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::broker::http::socketio {
namespace {

using playhead::testing::HttpConnection;
using playhead::testing::HttpResponse;

class ServerTest : public ServerFixture<Server>, public Application {
 protected:
  // Tells the client what arrived, as events.
  class Mirror final : public SocketHandler {
   public:
    Mirror(ServerTest& test, std::shared_ptr<Socket> socket) : test_(test), socket_(std::move(socket)) {}
    void OnEvent(Event event) override {
      if (event.name == "bye") return socket_->CloseTransport(kCloseGoingAway, "");
      if (event.ack_id) return socket_->Acknowledge(*event.ack_id, std::move(event.arguments));
      socket_->Emit(
          "got",
          {{Quoted(event.name), JoinArray(event.arguments.values), absl::StrCat(event.arguments.attachments.size())},
           {}},
          7);
    }
    void OnAck(uint64_t ack_id, Arguments arguments) override {
      socket_->Emit("acked", {{absl::StrCat(ack_id), JoinArray(arguments.values)}, {}});
    }
    void OnWritable() override {}
    void OnDisconnect(bool /*left*/) override { test_.OnEnded(); }

   private:
    ServerTest& test_;
    const std::shared_ptr<Socket> socket_;
  };

  void OnConnect(std::shared_ptr<Socket> socket, std::string auth) override {
    if (auth == R"({"token":"bad"})") return socket->Refuse("Unauthorized", R"({"code":"UNAUTHORIZED"})");
    if (auth == R"({"token":"never"})") return;
    ASSERT_TRUE(socket->Accept(std::make_shared<Mirror>(*this, socket), {.sid = "the sid", .pid = "the pid"}));
  }

  void Serve(Application* at_other = nullptr) {
    auto server = std::make_unique<Server>(options_, timers_);
    for (const char* const name_space : {"/", "/a", "/b"}) server->Add(name_space, *this);
    if (at_other != nullptr) server->Add("/other", *at_other);
    ServeWith(std::move(server));
  }

  std::string OpenSession() {
    const HttpResponse response = HttpConnection(address()).Get("/socket.io/?EIO=4&transport=polling");
    EXPECT_EQ(response.status, 200);
    return absl::StrCat("/socket.io/?EIO=4&transport=polling&sid=", response.body.substr(9, 20));
  }
  HttpResponse Post(const std::string& target, const std::vector<std::string>& packets) {
    const std::string body = absl::StrJoin(packets, "\x1e");
    HttpConnection connection(address());
    connection.Send(absl::StrCat("POST ", target, " HTTP/1.1\r\n", connection.host_header(),
                                 "Content-Length: ", body.size(), "\r\n\r\n", body));
    return connection.Receive();
  }
  std::vector<std::string> Poll(const std::string& target) {
    const HttpResponse response = HttpConnection(address()).Get(target);
    if (response.status != 200) return {absl::StrCat(response.status)};
    return absl::StrSplit(response.body, '\x1e');
  }

  Options options_;
};

using Packets = std::vector<std::string>;

TEST_F(ServerTest, ASocketGoesFromConnectToDisconnect) {
  Serve();
  const std::string target = OpenSession();
  EXPECT_EQ(Post(target, {"40/a,", R"(42/a,["hello",1,{"b":[2]}])", R"(42/a,5["hello","x"])", "43/a,7[true]"}).body,
            "ok");
  EXPECT_EQ(Poll(target),
            (Packets{R"(40/a,{"sid":"the sid","pid":"the pid"})", R"(42/a,7["got","hello",[1,{"b":[2]}],0])",
                     R"(43/a,5["x"])", R"(42/a,["acked",7,[true]])"}));
  EXPECT_EQ(Post(target, {"41/a,"}).status, 200);
  AwaitEnded(1);
  EXPECT_EQ(Post(target, {"40/a,"}).status, 200) << "who left may come back";
  EXPECT_EQ(Poll(target).size(), 1u);
}

TEST_F(ServerTest, NamespacesAreApart) {
  Serve();
  const std::string target = OpenSession();
  EXPECT_EQ(Post(target, {"40", "40/a,", "40/nowhere", R"(40/b,{"token":"bad"})", "41/a", R"(42["hello"])"}).status,
            200);
  EXPECT_EQ(
      Poll(target),
      (Packets{R"(40{"sid":"the sid","pid":"the pid"})", R"(40/a,{"sid":"the sid","pid":"the pid"})",
               R"(44/nowhere,{"message":"Invalid namespace"})",
               R"(44/b,{"message":"Unauthorized","data":{"code":"UNAUTHORIZED"}})", R"(427["got","hello",[],0])"}));
  EXPECT_EQ(Post(target, {R"(40/b,{"token":"good"})"}).status, 200) << "who was refused may try again";
}

TEST_F(ServerTest, AttachmentsArriveWithTheirEvent) {
  Serve();
  const std::string target = OpenSession();
  const std::string placeholders = R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})";
  EXPECT_EQ(Post(target, {"40", absl::StrCat(R"(452-["hello",)", placeholders, "]"), "bAQID", "bBAUG",
                          absl::StrCat(R"(452-9["hello",)", placeholders, "]"), "bAQID", "bBAUG"})
                .status,
            200);
  EXPECT_EQ(Poll(target), (Packets{R"(40{"sid":"the sid","pid":"the pid"})",
                                   absl::StrCat(R"(427["got","hello",[)", placeholders, "],2]"),
                                   absl::StrCat("462-9[", placeholders, "]"), "bAQID", "bBAUG"}));
}

TEST_F(ServerTest, ViolationsEndTheConnection) {
  Serve();
  const Packets cases[] = {
      {"4abc"},
      {"4"},
      {R"(42["early"])"},
      {"41"},
      {"40", "40"},
      {"40[]"},
      {"40", "42{}"},
      {"40", R"(42/other,["a"])"},
      {"40", R"(42abc["a"])"},
      {"40", R"(42["disconnect"])"},
      {"40", "43[]"},
      {"40", R"(44{"message":"I refuse"})"},
      {"40", "bAQID"},
      {"40", R"(451-["a",{"_placeholder":true,"num":0}])", R"(42["b"])"},
      {"40", R"(451-["a",{"_placeholder":true,"num":1}])"},
      {R"(451-["a",{"_placeholder":true,"num":0}])"},
      {"40", R"(451-/b,["a",{"_placeholder":true,"num":0}])"},
      {"40", absl::StrCat("411-[\"a\"]")},
      {"40", absl::StrCat("42[\"a\",", std::string(kJsonDepthMax, '['), std::string(kJsonDepthMax, ']'), "]")},
      {R"(40{"token":"bad"})", R"(42["a"])"},
      {R"(40{"token":"never"})", R"(42["a"])"},
  };
  for (const Packets& packets : cases) {
    const std::string target = OpenSession();
    EXPECT_EQ(Post(target, packets).status, 400) << absl::StrJoin(packets, " ");
    EXPECT_EQ(Poll(target), Packets{"400"}) << absl::StrJoin(packets, " ");
  }
  EXPECT_EQ(server_->session_count(), 0u);
}

TEST_F(ServerTest, WhoJoinsNoNamespaceIsCutOff) {
  options_.connect_timeout = absl::Milliseconds(20);
  Serve();
  // As often as it takes to be in time.
  std::string joined = OpenSession();
  while (Post(joined, {"40"}).status != 200) joined = OpenSession();
  const std::string idle = OpenSession();
  while (Poll(idle) != Packets{"400"}) continue;  // A poll that waits for it fails.
  EXPECT_EQ(Poll(joined).size(), 1u);
}

TEST_F(ServerTest, WhoIsRefusedAfterTheTimeToJoinIsCutOffToo) {
  options_.connect_timeout = absl::Milliseconds(20);
  class Waiter final : public Application {
   public:
    void OnConnect(std::shared_ptr<Socket> socket, std::string /*auth*/) override { undecided.set_value(socket); }
    std::promise<std::shared_ptr<Socket>> undecided;
  } waiter;
  Serve(&waiter);
  std::string target = OpenSession();
  while (Post(target, {"40/other,"}).status != 200) target = OpenSession();
  const std::shared_ptr<Socket> socket = waiter.undecided.get_future().get();
  absl::SleepFor(absl::Milliseconds(100));  // It may look several times meanwhile.
  EXPECT_EQ(server_->session_count(), 1u) << "it is not its fault";
  socket->Run([socket] { socket->Refuse("Unauthorized"); });
  while (Poll(target) != Packets{"400"}) continue;
}

TEST_F(ServerTest, AttachmentsAreBounded) {
  Serve();
  const std::string target = OpenSession();
  EXPECT_EQ(Post(target, {"40", R"(452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])"}).status,
            200);
  const std::string half = absl::StrCat("b", std::string(kAttachmentBytesMax * 4 / 3 / 2, 'A'));
  EXPECT_EQ(Post(target, {half}).status, 200);
  EXPECT_EQ(Post(target, {absl::StrCat(half, "AAAA")}).status, 400);
}

TEST_F(ServerTest, EachNamespaceIsServedByItsApplication) {
  class Refuser final : public Application {
    void OnConnect(std::shared_ptr<Socket> socket, std::string /*auth*/) override { socket->Refuse("Not here"); }
  } refuser;
  Serve(&refuser);
  const std::string target = OpenSession();
  EXPECT_EQ(Post(target, {"40/a,", "40/other,"}).status, 200);
  EXPECT_EQ(Poll(target), (Packets{R"(40/a,{"sid":"the sid","pid":"the pid"})", R"(44/other,{"message":"Not here"})"}));
}

TEST_F(ServerTest, AnApplicationEndsAConnectionWithoutAWord) {
  Serve();
  const std::string target = OpenSession();
  EXPECT_EQ(Post(target, {"40", "40/a"}).status, 200);
  EXPECT_EQ(Post(target, {R"(42["bye"])"}).status, 400);
  AwaitEnded(2);
  EXPECT_EQ(Poll(target), Packets{"400"});
}

}  // namespace
}  // namespace playhead::broker::http::socketio
