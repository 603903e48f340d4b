// VZaps' realtime API over a real broker: every habit of its SDKs, and how the broker handles it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/dialects/vzaps/event_stream.h"
#include "storage/cursor.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/key_client.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AccessTokenOf;
using ::testing::ElementsAre;
using testing::HttpResponse;
using testing::KeyClient;
using testing::KeyRequest;
using testing::PostToken;
using testing::TestServer;
using testing::TokenBody;
using testing::VZapsConnection;
using testing::VZapsEvent;
using testing::VZapsRequest;

constexpr absl::string_view kAdminSecret = "the-administrator-of-a-test-of-vzaps";

class VZapsTest : public ::testing::Test {
 protected:
  VZapsTest() { Start(); }

  void Start(const std::function<void(broker::ServerOptions&)>& change = nullptr) {
    server_.reset();
    const std::string admin_file = dir_.path() + "/admin";
    std::ofstream(admin_file) << kAdminSecret;
    std::filesystem::permissions(admin_file, std::filesystem::perms::owner_read);
    broker::ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir_.path() + "/data";
    options.http_listen = "127.0.0.1:0";
    options.admin_secret_file = admin_file;
    options.dialects.vzaps.first_frame_delay = absl::ZeroDuration();
    if (change != nullptr) change(options);
    server_ = std::make_unique<TestServer>(options);
    admin_ = std::make_unique<KeyClient>(server_->channel(), std::string(kAdminSecret));
    if (key_.id.empty()) key_ = NewKey({"device"});
    token_ = AccessTokenOf(PostToken(address(), TokenBody(key_.id, key_.secret)));
  }

  struct TestKey {
    std::string id;
    std::string secret;
  };
  TestKey NewKey(const std::vector<std::string>& instances, v1::Permission permission = v1::PERMISSION_SUBSCRIBE) {
    v1::CreateKeyResponse response;
    EXPECT_TRUE(admin_->CreateKey(KeyRequest({permission}, instances), response).ok());
    return {response.key().id(), response.secret()};
  }

  std::string address() { return server_->server().http_address(); }

  VZapsRequest Request() {
    VZapsRequest request;
    request.access_token = token_;
    request.client_token = key_.id;
    request.instance_token = key_.secret;
    return request;
  }
  std::unique_ptr<VZapsConnection> Connect(const VZapsRequest& request) {
    auto connection = std::make_unique<VZapsConnection>(address(), request);
    EXPECT_EQ(connection->answer().status, 101) << connection->answer().body;
    return connection;
  }
  std::unique_ptr<VZapsConnection> Connect() { return Connect(Request()); }
  // Until the broker knows that no client is there.
  void AwaitGone() {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (server_->server().streams().size() != 0) ASSERT_LT(absl::Now(), deadline);
  }
  int StatusOf(const VZapsRequest& request) { return VZapsConnection(address(), request).answer().status; }

  // An event as a publisher of this dialect has it, with the number `n` in it.
  void Append(int n, absl::string_view type = "Message") {
    AppendData(type, absl::StrCat(R"({"type":")", type, R"(","event":{"n":)", n, "}}"));
  }
  void AppendData(absl::string_view type, absl::string_view data) {
    NewEvent event;
    event.type = type;
    event.data = data;
    event.attributes = {{"dialect", "vzaps"}};
    testing::AppendAndWait(server_->log(), "device", {event});
  }
  void AppendNumbers(int first, int last) {
    for (int n = first; n <= last; ++n) Append(n);
  }
  std::shared_ptr<storage::Instance> Device() {
    return *testing::Await<std::shared_ptr<storage::Instance>>(
        [&](auto done) { server_->log().OpenInstance("device", storage::OpenMode::kExisting, std::move(done)); });
  }
  std::string IdOf(uint64_t cursor) {
    return storage::EventId{Device()->number(), storage::Cursor(cursor), 0}.ToString();
  }

  const testing::TempDir dir_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<KeyClient> admin_;
  TestKey key_;
  std::string token_;
};

// Tokens.

TEST_F(VZapsTest, ATokenIsGivenAsTheStrictestOfTheSdksReadsIt) {
  const HttpResponse answer = PostToken(address(), TokenBody(key_.id, key_.secret));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_THAT(answer.body, ::testing::HasSubstr(R"("expires_in":315360000)")) << "a whole number, of years";
  EXPECT_NE(AccessTokenOf(answer), "");
  EXPECT_NE(AccessTokenOf(answer), token_) << "each is one of its own";
}

TEST_F(VZapsTest, AnHttp2UpgradeThatComesWithThePostIsPassedOver) {
  const HttpResponse answer =
      PostToken(address(), TokenBody(key_.id, key_.secret),
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(AccessTokenOf(answer), "");
}

TEST_F(VZapsTest, ARefusedTokenSaysWhyAsText) {
  const TestKey other = NewKey({"device"});
  for (const std::string& body : {TokenBody(key_.id, "ph_wrong"), TokenBody(key_.id, other.secret),
                                  TokenBody("", key_.secret), TokenBody(key_.id, "")}) {
    const HttpResponse answer = PostToken(address(), body);
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(absl::StartsWith(answer.body, R"({"error":")")) << answer.body;
    EXPECT_THAT(answer.body, ::testing::HasSubstr(R"("code":"UNAUTHENTICATED")"));
  }
  EXPECT_EQ(PostToken(address(), "no JSON").status, 400);
}

TEST_F(VZapsTest, ABrokerThatRunsOpenTakesAnything) {
  key_ = {"c", "s"};
  const testing::TempDir other;
  Start([&](broker::ServerOptions& options) {
    options.admin_secret_file.clear();
    options.store.data_dir = other.path();
  });
  ASSERT_NE(token_, "");
  EXPECT_EQ(PostToken(address(), TokenBody("c", "")).status, 401) << "but not nothing";
  const auto connection = Connect();
  Append(1);
  EXPECT_THAT(connection->Take(1), ElementsAre(1));
  server_.reset();
}

// Who is let in.

TEST_F(VZapsTest, CredentialsMayBeInHeadersInTheQueryOrInBoth) {
  for (const auto credentials :
       {VZapsRequest::Credentials::kHeaders, VZapsRequest::Credentials::kQuery, VZapsRequest::Credentials::kBoth}) {
    VZapsRequest request = Request();
    request.credentials = credentials;
    EXPECT_EQ(StatusOf(request), 101);
  }
}

TEST_F(VZapsTest, HeadersAndQueryThatDifferAreRefused) {
  VZapsRequest request = Request();
  request.credentials = VZapsRequest::Credentials::kHeaders;
  request.events = "instance_token=another";
  EXPECT_EQ(StatusOf(request), 401);
  request.events = "access_token=another";
  EXPECT_EQ(StatusOf(request), 401);
}

TEST_F(VZapsTest, WhoMayNotIsRefusedBeforeTheUpgradeWithJson) {
  VZapsRequest wrong_token = Request();
  wrong_token.access_token += "x";
  VZapsRequest no_instance_token = Request();
  no_instance_token.instance_token = "";
  VZapsRequest other_client = Request();
  other_client.client_token = "k000000000000";
  for (const VZapsRequest& request : {wrong_token, no_instance_token, other_client}) EXPECT_EQ(StatusOf(request), 401);
  VZapsRequest not_covered = Request();
  not_covered.instance = "another";
  const VZapsConnection refused(address(), not_covered);
  EXPECT_EQ(refused.answer().status, 403);
  EXPECT_TRUE(absl::StartsWith(refused.answer().body, R"({"error":")")) << refused.answer().body;
  VZapsRequest no_instance = Request();
  no_instance.instance = "";
  EXPECT_EQ(StatusOf(no_instance), 400);
  testing::HttpConnection plain(address());
  EXPECT_EQ(plain.Get("/events/ws?instance_id=device").status, 400) << "it is a WebSocket";
}

TEST_F(VZapsTest, TheInstanceTokenMayBeAnotherKeysAndTheTokensKeyNeedNotCoverTheInstance) {
  const TestKey client = NewKey({"unrelated"});
  VZapsRequest request = Request();
  request.access_token = AccessTokenOf(PostToken(address(), TokenBody(client.id, client.secret)));
  request.client_token = client.id;
  const auto connection = Connect(request);
  Append(1);
  EXPECT_THAT(connection->Take(1), ElementsAre(1));
  ASSERT_TRUE(admin_->RevokeKey(client.id).ok());
  EXPECT_TRUE(connection->Next().ended) << "either key opens it, and either closes it";
  EXPECT_EQ(StatusOf(request), 401);
}

TEST_F(VZapsTest, AnExpiredTokenGoesOnWithASessionThatIsKnownUntilItsKeyIsRevoked) {
  std::unique_ptr<VZapsConnection> connection;
  for (absl::Duration life = absl::Seconds(2); connection == nullptr; life *= 2) {  // Until it comes while it holds.
    Start([life](broker::ServerOptions& options) { options.dialects.vzaps.token_life = life; });
    Append(1);
    auto first = std::make_unique<VZapsConnection>(address(), Request());
    if (first->answer().status == 101) connection = std::move(first);
  }
  Append(2);
  EXPECT_THAT(connection->Take(1), ElementsAre(2));
  VZapsRequest unknown = Request();
  for (int i = 0;; ++i) {
    unknown.events = absl::StrCat("events=Unknown", i);
    if (StatusOf(unknown) == 401) break;
  }
  connection = Connect();
  EXPECT_THAT(connection->Take(1), ElementsAre(2)) << "it was not acknowledged";
  ASSERT_TRUE(admin_->RevokeKey(key_.id).ok());
  const testing::Frame frame = connection->socket().ReceiveMessage();
  EXPECT_EQ(frame.close_code(), 1008);
  EXPECT_EQ(StatusOf(Request()), 401);
}

TEST_F(VZapsTest, TokensOutliveTheBroker) {
  const std::string token = token_;
  Start();
  VZapsRequest request = Request();
  request.access_token = token;
  EXPECT_EQ(StatusOf(request), 101);
}

// Frames and filters.

TEST_F(VZapsTest, AFrameIsWhatAllSixDecodersTake) {
  const auto connection = Connect();
  Append(7);
  const VZapsEvent event = connection->Next();
  EXPECT_EQ(event.id, IdOf(1));
  EXPECT_EQ(event.type, "Message");
  EXPECT_EQ(event.instance_id, "device");
  EXPECT_THAT(event.created_at, ::testing::MatchesRegex("....-..-..T..:..:..\\.[0-9]+Z"));
  EXPECT_EQ(event.data, R"({"type":"Message","event":{"n":7}})");
}

TEST_F(VZapsTest, WhatDecodersRefuseIsWrappedAndWhatPythonClosesAtIsCutOut) {
  const auto connection = Connect();
  AppendData("Message", "[1,2]");
  AppendData("Message", absl::StrCat(R"({"event":")", std::string(1'047'500, 'x'), R"("})"));
  Append(3);
  EXPECT_EQ(connection->Next().data, R"({"value":[1,2]})");
  const VZapsEvent large = connection->Next();
  EXPECT_LT(large.bytes, 1'048'576u);
  connection->Ack(large.id);
  EXPECT_THAT(connection->Take(1), ElementsAre(3));
}

TEST_F(VZapsTest, EventsAreNamedInListsOrOneByOneAndInAnyCase) {
  for (const std::string events :
       {"events=Message,Presence", "events=message&events=presence", "events=PRESENCE,message"}) {
    VZapsRequest request = Request();
    request.events = events;
    const auto connection = Connect(request);
    Append(1, "Message");
    Append(2, "Connected");
    Append(3, "Presence");
    EXPECT_THAT(connection->Take(2), ElementsAre(1, 3)) << events;
  }
  VZapsRequest unknown = Request();
  unknown.events = "events=SomethingNew";
  const auto connection = Connect(unknown);
  Append(1);
  Append(2, "SomethingNew");
  EXPECT_THAT(connection->Take(1), ElementsAre(2));
}

TEST_F(VZapsTest, AllAndNoneAreEveryEventUnlessTheInstanceIsSubscribedToFewer) {
  for (const std::string events : {"", "events=", "events=all", "events=All,Message"}) {
    VZapsRequest request = Request();
    request.events = events;
    const auto connection = Connect(request);
    Append(1, "Message");
    Append(2, "SomethingNew");
    EXPECT_THAT(connection->Take(2), ElementsAre(1, 2)) << events;
  }
}

TEST_F(VZapsTest, TheFirstFrameWaitsForTheApplicationsHandlers) {
  Start([](broker::ServerOptions& options) { options.dialects.vzaps.first_frame_delay = absl::Milliseconds(200); });
  { const auto connection = Connect(); }
  Append(1);
  const auto begin = std::chrono::steady_clock::now();
  const auto connection = Connect();
  EXPECT_THAT(connection->Take(1), ElementsAre(1));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(200));
}

// Acknowledgements and what comes again.

TEST_F(VZapsTest, AcknowledgementsAreASetUnderAnyOfTheirThreeNames) {
  auto connection = Connect();
  AppendNumbers(1, 5);
  EXPECT_THAT(connection->Take(5), ElementsAre(1, 2, 3, 4, 5));
  connection->Ack(connection->IdOf(4), "id");
  connection->Ack(connection->IdOf(1), "eventId");
  connection->Ack(connection->IdOf(2), "event_id");
  connection->Ack(connection->IdOf(2), "event_id");
  connection->Ack("evt_unknown");
  connection->Ack("");
  connection->socket().SendText("not JSON");
  connection->socket().SendText(R"({"type":"else"})");
  connection->AwaitRead();
  connection.reset();
  connection = Connect();
  EXPECT_THAT(connection->Take(2), ElementsAre(3, 5));
}

TEST_F(VZapsTest, AHandlerThatFailedGetsItsEventAgainAlthoughTheClientSaysALaterOne) {
  auto python = Connect();
  AppendNumbers(1, 3);
  EXPECT_THAT(python->Take(3), ElementsAre(1, 2, 3));
  python->AckNumber(1);
  python->AckNumber(3);
  VZapsRequest again = Request();
  again.last_event_id = python->IdOf(3);
  python->AwaitRead();
  python.reset();
  Append(4);
  python = Connect(again);
  EXPECT_THAT(python->Take(2), ElementsAre(2, 4));
}

TEST_F(VZapsTest, WhatAClientSaysForEverDoesNotReplayWhatItHasHandled) {
  AppendNumbers(1, 100);
  VZapsRequest request = Request();
  request.last_event_id = IdOf(1);
  auto go = Connect(request);
  for (const int n : go->Take(99)) go->AckNumber(n);
  go->AwaitRead();
  go.reset();
  Append(101);
  go = Connect(request);
  EXPECT_THAT(go->Take(1), ElementsAre(101));
}

TEST_F(VZapsTest, ANewSessionStartsBehindWhatTheClientSays) {
  AppendNumbers(1, 3);
  VZapsRequest known = Request();
  known.last_event_id = IdOf(2);
  EXPECT_THAT(Connect(known)->Take(1), ElementsAre(3));
  VZapsRequest made_up = Request();
  made_up.events = "events=Message";
  made_up.last_event_id = "evt_123";
  auto live = Connect(made_up);
  Append(4);
  EXPECT_THAT(live->Take(1), ElementsAre(4)) << "what no broker gave out is the end of the log";
  VZapsRequest foreign = Request();
  foreign.events = "events=Message,A";
  foreign.last_event_id = storage::EventId{storage::InstanceNumber(77), storage::Cursor(2), 0}.ToString();
  EXPECT_THAT(Connect(foreign)->Take(4), ElementsAre(1, 2, 3, 4)) << "never a silent skip";
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                server_->log().Trim(Device(), storage::Cursor(3), std::move(done));
              }).ok());
  VZapsRequest trimmed = Request();
  trimmed.events = "events=Message,B";
  trimmed.last_event_id = IdOf(1);
  EXPECT_THAT(Connect(trimmed)->Take(2), ElementsAre(3, 4));
}

TEST_F(VZapsTest, ANewTokenIsANewSessionAndTheSameOneIsNot) {
  Append(1);
  auto first = Connect();
  Append(2);
  EXPECT_THAT(first->Take(1), ElementsAre(2));
  VZapsRequest other = Request();
  other.access_token = AccessTokenOf(PostToken(address(), TokenBody(key_.id, key_.secret)));
  auto second = Connect(other);
  Append(3);
  EXPECT_THAT(second->Take(1), ElementsAre(3)) << "another process";
  EXPECT_THAT(first->Take(1), ElementsAre(3)) << "which has taken nothing from the first";
  auto third = Connect();
  EXPECT_THAT(third->Take(2), ElementsAre(2, 3));
  EXPECT_TRUE(first->Next().ended) << "its connection is taken for dead";
}

TEST_F(VZapsTest, ARestartIsOnlyAReconnect) {
  auto connection = Connect();
  AppendNumbers(1, 3);
  EXPECT_THAT(connection->Take(3), ElementsAre(1, 2, 3));
  connection->AckNumber(2);
  VZapsRequest request = Request();
  connection->AwaitRead();
  std::thread stop([this] { server_->server().Shutdown(absl::Minutes(1)); });
  EXPECT_EQ(connection->socket().ReceiveMessage().close_code(), 1001);
  connection->socket().Send({testing::Opcode::kClose, std::string("\x03\xe9", 2)});
  stop.join();
  Start();
  Append(4);
  EXPECT_THAT(Connect(request)->Take(3), ElementsAre(1, 3, 4));
}

TEST_F(VZapsTest, WhatIsDeliveredInVainFiveTimesIsParkedAndTheNextComes) {
  { const auto connection = Connect(); }
  AwaitGone();  // What is sent to a client that has gone is in vain, too.
  AppendNumbers(1, 2);
  for (int delivery = 1; delivery <= 5; ++delivery) {
    const auto connection = Connect();
    EXPECT_THAT(connection->Take(2), ElementsAre(1, 2)) << delivery;
  }
  EXPECT_THAT(Connect()->Take(1), ElementsAre(2));
  // It is counted with the write of the consumer's state.
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  testing::HttpConnection metrics(address());
  const auto parked = [&] {
    return absl::StrContains(metrics.Get("/metrics", absl::StrCat("Authorization: Bearer ", kAdminSecret, "\r\n")).body,
                             R"(playhead_parked_events_total{of="session"} 1)");
  };
  while (!parked()) ASSERT_LT(absl::Now(), deadline);
}

TEST_F(VZapsTest, ASessionGoesWithItsInstance) {
  const TestKey owner = NewKey({"device"}, v1::PERMISSION_MANAGE);
  auto connection = Connect();
  Append(1);
  EXPECT_THAT(connection->Take(1), ElementsAre(1));
  KeyClient manager(server_->channel(), owner.secret);
  ASSERT_TRUE(manager.Delete("device").ok());
  EXPECT_TRUE(connection->Next().ended);
  Append(2);
  connection = Connect();
  Append(3);
  EXPECT_THAT(connection->Take(1), ElementsAre(3)) << "a new one, at the end of the log";
}

// Connections.

TEST_F(VZapsTest, PhpIsKeptAwakeWithoutBeingAskedAnything) {
  VZapsRequest request = Request();
  request.user_agent = "websocket-client-php";
  const auto connection = Connect(request);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(connection->socket().Receive().opcode, testing::Opcode::kPong);
  }
  EXPECT_LT(broker::vzaps::kPongInterval, absl::Seconds(4));  // How long it took, the machine decides.
}

TEST_F(VZapsTest, AMessageThatIsTooLongEndsTheConnection) {
  const auto connection = Connect();
  connection->socket().SendText(std::string(70'000, 'x'));
  EXPECT_EQ(connection->socket().ReceiveMessage().close_code(), 1009);
}

}  // namespace
}  // namespace playhead
