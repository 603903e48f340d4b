// The sessions of the Socket.IO dialect over a real store, with polling clients that acknowledge.
#include "broker/dialects/socketio/service.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/http/socketio/server.h"
#include "broker/sessions/session_store.h"
#include "tests/broker/http/listener_fixture.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/http_connection.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker::socketio {
namespace {

using playhead::testing::HttpConnection;

constexpr char kSubscribed[] = R"({"ok":true,"events":["call"]})";

// python-socketio, on a broker that runs open, where the token is the instance.
class Client {
 public:
  explicit Client(const std::string& address) : address_(address) {
    constexpr absl::string_view kBeforeId = R"(0{"sid":")";
    const std::string opened =
        HttpConnection(address).Get(target_, "User-Agent: python-requests/2.28.1\r\n").body.substr(kBeforeId.size());
    absl::StrAppend(&target_, "&sid=", opened.substr(0, opened.find('"')));
    Send(R"(40{"token":"device"})");
    Receive("40");
  }

  void Send(absl::string_view packet) {
    EXPECT_EQ(HttpConnection(address_).Call("POST", target_, "", packet).body, "ok") << packet;
  }
  // The rest of the next packet that begins like this.
  std::string Receive(absl::string_view beginning) {
    for (;;) {
      while (!received_.empty()) {
        const std::string packet = received_.front();
        received_.erase(received_.begin());
        if (absl::StartsWith(packet, beginning)) return packet.substr(beginning.size());
      }
      const auto response = HttpConnection(address_).Call("GET", target_, "", "");
      EXPECT_EQ(response.status, 200) << response.body;
      if (response.status != 200) return "";
      received_ = absl::StrSplit(response.body, '\x1e');
    }
  }
  // What it is answered, without the brackets.
  std::string Ask(absl::string_view what) {
    Send(absl::StrCat("429[", what, "]"));
    const std::string answer = Receive("439[");
    return answer.substr(0, answer.size() - 1);
  }
  // Waits until the broker ends the connection.
  void AwaitEnd() {
    while (HttpConnection(address_).Call("GET", target_, "", "").status == 200) {
    }
  }
  void LoseConnection() { Send("1"); }
  void Leave() { Send("41"); }

 private:
  const std::string address_;
  std::string target_ = "/socket.io/?EIO=4&transport=polling";
  std::vector<std::string> received_;
};

class SocketIoServiceTest : public http::ListenerFixture {
 protected:
  void Serve() {
    core_ = std::make_unique<testing::BrokerCore>(Limits(), dir_.path());
    consumers_ = *ConsumerRegistry::Load(core_->core());
    store_ = *SessionStore::Load(core_->core(), session_limits_);
    server_ = std::make_unique<http::socketio::Server>(http::socketio::Options(), core_->core().timers);
    service_ = *Service::Make(core_->core(), *consumers_, *store_, *server_, options_);
    router_ = http::Router();
    server_->AddRoutes(router_);
    Start();
  }
  void Stop() {
    service_->BeginStop();
    server_->Stop();
    listener_->Stop(absl::InfinitePast());
    store_->Stop(absl::Now() + absl::Seconds(10));
    consumers_->BeginStop();
    core_.reset();
    service_.reset();
    server_.reset();
    store_.reset();
    consumers_.reset();
    listener_.reset();  // After the log, whose pending answers hold connections.
  }
  void TearDown() override { Stop(); }

  void Publish(absl::string_view name) {
    const NewEvent event{.type = name, .data = "[1]", .attributes = {{"dialect", "baileys"}}};
    testing::AppendAndWait(core_->log(), "device", absl::MakeConstSpan(&event, 1));
  }

  // Of both kinds: a client's, and what it has acknowledged.
  void AwaitSessions(size_t count) {
    const absl::Time start = absl::Now();
    while (store_->Keys("socketio.").size() != count || store_->Keys("socketioacked.").size() != count) {
      ASSERT_LT(absl::Now() - start, absl::Seconds(20))
          << store_->Keys("socketio.").size() << " and " << store_->Keys("socketioacked.").size();
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  const testing::TempDir dir_;
  SessionLimits session_limits_;
  Options options_;
  std::unique_ptr<ConsumerRegistry> consumers_;
  std::unique_ptr<SessionStore> store_;
  std::unique_ptr<http::socketio::Server> server_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<testing::BrokerCore> core_;
};

TEST_F(SocketIoServiceTest, WhoLeavesForGoodLeavesNothingBehind) {
  Serve();
  Client client(address());
  EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
  ASSERT_NO_FATAL_FAILURE(AwaitSessions(1));
  client.Leave();
  ASSERT_NO_FATAL_FAILURE(AwaitSessions(0));
}

TEST_F(SocketIoServiceTest, WhoComesBackSoonHasTheNamesOfBefore) {
  options_.adoption_delay = absl::Milliseconds(10);
  Serve();
  {
    Client client(address());
    EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
    client.LoseConnection();
  }
  Client again(address());
  while (again.Ask(R"("list")") != kSubscribed) absl::SleepFor(absl::Milliseconds(1));
  AwaitSessions(1);
}

TEST_F(SocketIoServiceTest, WhatNobodyComesBackToGoesWithAllThatItHad) {
  options_.adoption_delay = absl::Milliseconds(10);
  options_.adoption_window = absl::ZeroDuration();
  Serve();
  Client client(address());
  EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
  ASSERT_NO_FATAL_FAILURE(AwaitSessions(1));
  client.LoseConnection();
  Client other(address());  // Looks for what was left behind.
  AwaitSessions(0);
}

TEST_F(SocketIoServiceTest, WhatACrashLeftHalfIsForgottenAtTheNextStart) {
  Serve();
  {
    Client client(address());
    EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
    ASSERT_NO_FATAL_FAILURE(AwaitSessions(1));
    client.LoseConnection();
  }
  store_->Remove(store_->Keys("socketio.").front());
  Stop();
  Serve();
  AwaitSessions(0);
}

TEST_F(SocketIoServiceTest, ASubscriptionThatCannotBeStoredChangesNothing) {
  session_limits_.sessions_per_owner_max = 2;
  Serve();
  Client first(address());
  EXPECT_EQ(first.Ask(R"("subscribe","call")"), kSubscribed);
  ASSERT_NO_FATAL_FAILURE(AwaitSessions(1));
  Client second(address());
  EXPECT_TRUE(absl::StartsWith(second.Ask(R"("subscribe","call")"), R"({"ok":false,"error":{"code":"STREAMS_LIMIT")"));
  EXPECT_EQ(second.Ask(R"("list")"), R"({"ok":true,"events":[]})");
  AwaitSessions(1);
}

TEST_F(SocketIoServiceTest, NamesThatChangeAreReadWithTheNextDelivery) {
  Serve();
  Client client(address());
  EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
  Publish("other");
  Publish("call");
  EXPECT_EQ(client.Receive("42"), R"(1["call",[1]])");
  EXPECT_EQ(client.Ask(R"("subscribe","other")"), R"({"ok":true,"events":["call","other"]})");
  Publish("other");
  EXPECT_EQ(client.Receive("42"), R"(2["other",[1]])");
  EXPECT_EQ(client.Ask(R"("unsubscribe","call")"), R"({"ok":true,"events":["other"]})");
  Publish("call");
  Publish("other");
  EXPECT_EQ(client.Receive("42"), R"(3["other",[1]])");
}

TEST_F(SocketIoServiceTest, WhatAClientIsSentIsCountedOnce) {
  Serve();
  Client client(address());
  EXPECT_EQ(client.Ask(R"("subscribe","call")"), kSubscribed);
  for (int i = 1; i <= 3; ++i) {
    Publish("call");
    EXPECT_EQ(client.Receive("42"), absl::StrCat(i, R"(["call",[1]])"));
    EXPECT_EQ(core_->core().metrics.deliveries.Value(), i);
  }
}

TEST_F(SocketIoServiceTest, NothingIsStoredForASubscriptionToADeletedInstance) {
  Serve();
  Client client(address());
  core_->Delete("device");
  client.Send(R"(429["subscribe","call"])");
  EXPECT_EQ(store_->size(), 0u);
  client.AwaitEnd();
  EXPECT_EQ(store_->size(), 0u);
}

}  // namespace
}  // namespace playhead::broker::socketio
