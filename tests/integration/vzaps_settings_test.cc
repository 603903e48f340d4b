// The events that an instance is subscribed to, over a real broker: who may set them, and what VZaps' clients get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/vzaps_client.h"
#include "proto/errors.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/batches.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::KeyClient;
using testing::KeyRequest;
using testing::TestServer;
using testing::VZapsConnection;
using testing::VZapsRequest;

class VZapsSettingsTest : public ::testing::Test {
 protected:
  VZapsSettingsTest() {
    Restart();
    Append("device", 0);
  }

  void Restart() {
    server_.reset();
    broker::ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir_.path() + "/store";
    options.http_listen = "127.0.0.1:0";
    options.dialects.vzaps.first_frame_delay = absl::ZeroDuration();
    server_ = std::make_unique<TestServer>(options);
  }

  VZapsClient Settings(const std::string& secret = "") {
    return *VZapsClient::Create({.target = server_->server().grpc_address(), .key = secret});
  }
  absl::Status Set(const std::string& instance, const std::vector<std::string>& events) {
    return Settings().SetSubscribedEvents(instance, events).status();
  }
  std::vector<std::string> Own(const std::string& instance) {
    const auto found = Settings().GetSubscribedEvents(instance);
    EXPECT_TRUE(found.ok()) << found.status();
    return {found->events().begin(), found->events().end()};
  }
  std::vector<std::string> Effective(const std::string& instance) {
    const auto found = Settings().GetSubscribedEvents(instance);
    EXPECT_TRUE(found.ok()) << found.status();
    return {found->effective_events().begin(), found->effective_events().end()};
  }
  std::vector<std::string> Named() {
    const auto found = Settings().GetSubscribedEvents("*");
    EXPECT_TRUE(found.ok()) << found.status();
    return {found->instances().begin(), found->instances().end()};
  }

  std::string address() { return server_->server().http_address(); }
  std::string NewToken() { return testing::AccessTokenOf(testing::PostToken(address(), testing::TokenBody("c", "s"))); }

  // A client that is new: its session begins at the end of the log. `events` as it asks for them.
  std::unique_ptr<VZapsConnection> Connect(const std::string& instance, const std::string& events = "") {
    return Connect(instance, events, NewToken());
  }
  // One that may have been here before, with that token.
  std::unique_ptr<VZapsConnection> Connect(const std::string& instance, const std::string& events,
                                           const std::string& token) {
    VZapsRequest request;
    request.access_token = token;
    request.client_token = "c";
    request.instance_token = "s";
    request.instance = instance;
    request.events = events;
    auto connection = std::make_unique<VZapsConnection>(address(), request);
    EXPECT_EQ(connection->answer().status, 101) << connection->answer().body;
    return connection;
  }

  void Append(const std::string& instance, int n, absl::string_view type = "Message") {
    NewEvent event;
    event.type = type;
    const std::string data = absl::StrCat(R"({"type":")", type, R"(","event":{"n":)", n, "}}");
    event.data = data;
    event.attributes = {{"dialect", "vzaps"}};
    testing::AppendAndWait(server_->log(), instance, {event});
  }
  void AppendOneOfEach(const std::string& instance) {
    Append(instance, 1, "Message");
    Append(instance, 2, "Presence");
    Append(instance, 3, "OfThePublishersOwn");
    Append(instance, 4, "Message");
    Append(instance, 5, "Presence");
  }

  const testing::TempDir dir_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(VZapsSettingsTest, ClientsThatNameNoneGetWhatTheirInstanceIsSubscribedTo) {
  const auto set = Settings().SetSubscribedEvents("device", {"presence"});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->events(), ElementsAre("Presence"));
  EXPECT_THAT(Own("device"), ElementsAre("Presence"));
  for (const std::string events : {"", "events=", "events=all"}) {
    const auto connection = Connect("device", events);
    AppendOneOfEach("device");
    EXPECT_THAT(connection->Take(2), ElementsAre(2, 5)) << events;
  }
  const auto named = Connect("device", "events=Message");
  AppendOneOfEach("device");
  EXPECT_THAT(named->Take(2), ElementsAre(1, 4)) << "who names events gets them";
  ASSERT_TRUE(Settings().ClearSubscribedEvents("device").ok());
  EXPECT_THAT(Own("device"), IsEmpty());
  EXPECT_THAT(Effective("device"), ElementsAre("All"));
  const auto connection = Connect("device");
  AppendOneOfEach("device");
  EXPECT_THAT(connection->Take(5), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(VZapsSettingsTest, WhatIsSetForAllIsForInstancesWithoutTheirOwn) {
  ASSERT_TRUE(Set("*", {"Message"}).ok());
  ASSERT_TRUE(Set("device", {"All"}).ok());
  EXPECT_THAT(Own("*"), ElementsAre("Message"));
  EXPECT_THAT(Named(), ElementsAre("device"));
  const auto own = Connect("device");
  AppendOneOfEach("device");
  EXPECT_THAT(own->Take(5), ElementsAre(1, 2, 3, 4, 5));
  const auto other = Connect("made-by-its-first-client");
  AppendOneOfEach("made-by-its-first-client");
  EXPECT_THAT(other->Take(2), ElementsAre(1, 4));
}

TEST_F(VZapsSettingsTest, AnOpenConnectionGoesOnAsItBeganAndTheNextOfItsSessionByWhatIsSetNow) {
  const std::string token = NewToken();
  auto connection = Connect("device", "", token);
  ASSERT_TRUE(Set("device", {"Presence"}).ok());
  Append("device", 1, "Message");
  Append("device", 2, "Presence");
  EXPECT_THAT(connection->Take(2), ElementsAre(1, 2));
  connection.reset();
  connection = Connect("device", "", token);
  Append("device", 3, "Message");
  Append("device", 4, "Presence");
  EXPECT_THAT(connection->Take(2), ElementsAre(2, 4))
      << "it comes again only if the instance is still subscribed to it";
}

TEST_F(VZapsSettingsTest, ItOutlivesARestart) {
  ASSERT_TRUE(Set("*", {"Message"}).ok());
  ASSERT_TRUE(Set("device", {"Presence"}).ok());
  Restart();
  EXPECT_THAT(Effective("*"), ElementsAre("Message"));
  EXPECT_THAT(Effective("device"), ElementsAre("Presence"));
  const auto connection = Connect("device");
  AppendOneOfEach("device");
  EXPECT_THAT(connection->Take(2), ElementsAre(2, 5));
}

TEST_F(VZapsSettingsTest, ItGoesWithItsInstanceAndDoesNotComeBackWithTheName) {
  ASSERT_TRUE(Set("device", {"Presence"}).ok());
  ASSERT_TRUE(KeyClient(server_->channel(), "").Delete("device").ok());
  Append("device", 0);
  EXPECT_THAT(Own("device"), IsEmpty());
  const auto connection = Connect("device");
  AppendOneOfEach("device");
  EXPECT_THAT(connection->Take(5), ElementsAre(1, 2, 3, 4, 5));
  while (!Named().empty()) absl::SleepFor(absl::Milliseconds(5));  // Its row goes by itself.
}

TEST_F(VZapsSettingsTest, WhatMakesNoSenseIsRefusedAndChangesNothing) {
  ASSERT_TRUE(Set("device", {"Presence"}).ok());
  const absl::Status unknown = Set("device", {"Message", "Massage"});
  EXPECT_TRUE(HasReason(unknown, Reason::kFilterInvalid)) << unknown;
  EXPECT_THAT(std::string(unknown.message()), ::testing::HasSubstr("it has Message, ReadReceipt, Connected"));
  EXPECT_TRUE(HasReason(Set("device", {}), Reason::kFilterInvalid));
  EXPECT_TRUE(HasReason(Set("no-such", {"Message"}), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(Settings().GetSubscribedEvents("no-such").status(), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(Set("no/name", {"Message"}), Reason::kInstanceNameInvalid));
  EXPECT_THAT(Own("device"), ElementsAre("Presence"));
}

TEST_F(VZapsSettingsTest, WhoManagesTheInstanceSetsItsOwnAndEachActIsRecorded) {
  v1::CreateKeyResponse manager;
  v1::CreateKeyResponse reader;
  v1::CreateKeyResponse owner;
  KeyClient anybody(server_->channel(), "");
  ASSERT_TRUE(anybody.CreateKey(KeyRequest({v1::PERMISSION_MANAGE}, {"*"}), manager).ok());
  KeyClient admin(server_->channel(), manager.secret());
  ASSERT_TRUE(admin.CreateKey(KeyRequest({v1::PERMISSION_SUBSCRIBE}, {"device"}), reader).ok());
  ASSERT_TRUE(admin.CreateKey(KeyRequest({v1::PERMISSION_MANAGE}, {"device"}), owner).ok());
  const auto refused = [](const absl::Status& status) { return HasReason(status, Reason::kPermissionDenied); };
  for (const std::string& secret : {reader.secret(), owner.secret()}) {
    EXPECT_TRUE(refused(Settings(secret).SetSubscribedEvents("*", {"Message"}).status()));
    EXPECT_TRUE(refused(Settings(secret).GetSubscribedEvents("*").status()));
    EXPECT_TRUE(refused(Settings(secret).ClearSubscribedEvents("*")));
    EXPECT_TRUE(refused(Settings(secret).SetSubscribedEvents("another", {"Message"}).status()));
  }
  EXPECT_TRUE(refused(Settings(reader.secret()).SetSubscribedEvents("device", {"Message"}).status()));
  EXPECT_TRUE(refused(Settings(reader.secret()).GetSubscribedEvents("device").status()));
  EXPECT_TRUE(refused(Settings(reader.secret()).ClearSubscribedEvents("device")));

  EXPECT_TRUE(Settings(owner.secret()).SetSubscribedEvents("device", {"Message"}).ok());
  EXPECT_TRUE(Settings(owner.secret()).GetSubscribedEvents("device").ok());
  EXPECT_TRUE(Settings(owner.secret()).ClearSubscribedEvents("device").ok());
  EXPECT_TRUE(Settings(manager.secret()).SetSubscribedEvents("*", {"Message"}).ok());
  v1::FetchMissedRequest request;
  request.set_instance("playhead.audit");
  request.mutable_start()->mutable_beginning();
  v1::FetchMissedResponse audit;
  grpc::ClientContext context;
  testing::SetSecret(context, manager.secret());
  ASSERT_TRUE(server_->stub().FetchMissed(&context, request, &audit).ok());
  std::vector<std::string> acts;
  for (const v1::Event& event : audit.events()) acts.push_back(event.type());
  EXPECT_THAT(acts, ElementsAre("audit.key_created", "audit.key_created", "audit.key_created", "audit.vzaps_events_set",
                                "audit.vzaps_events_cleared", "audit.vzaps_events_set"));
}

}  // namespace
}  // namespace playhead
