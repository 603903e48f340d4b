// An Engine.IO server that echoes what it is sent, and the requests of a polling client.
#ifndef PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_ECHO_FIXTURE_H_
#define PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_ECHO_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/http/engineio/server.h"
#include "broker/http/engineio/session.h"
#include "tests/broker/http/engineio/server_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::broker::http::engineio {

class EchoFixture : public ServerFixture<Server> {
 protected:
  using HttpConnection = playhead::testing::HttpConnection;
  using HttpResponse = playhead::testing::HttpResponse;

  // Says back each message, N times if the message is the number N.
  class Echo final : public SessionHandler {
   public:
    Echo(EchoFixture& test, std::shared_ptr<Session> session) : test_(test), session_(std::move(session)) {}
    void OnMessage(Message message) override {
      int count = 1;
      if (!absl::SimpleAtoi(message.data, &count)) count = 1;
      for (int i = 0; i < count; ++i) session_->Send(message);
    }
    void OnWritable() override {}
    void OnClosed() override {
      session_ = nullptr;
      test_.OnEnded();
    }

   private:
    EchoFixture& test_;
    std::shared_ptr<Session> session_;
  };

  void Serve() {
    ServeWith(std::make_unique<Server>(options_, timers_, [this](std::shared_ptr<Session> session) {
      return std::make_shared<Echo>(*this, std::move(session));
    }));
  }

  static std::string Target(absl::string_view query) { return absl::StrCat("/engine.io/?", query); }
  // By polling; its id.
  std::string OpenSession() {
    HttpConnection connection(address());
    const HttpResponse response = connection.Get(Target("EIO=4&transport=polling"));
    EXPECT_EQ(response.status, 200);
    constexpr absl::string_view kBeforeId = R"(0{"sid":")";
    EXPECT_EQ(response.body.substr(0, kBeforeId.size()), kBeforeId);
    return response.body.substr(kBeforeId.size(), 20);
  }
  static std::string SessionTarget(const std::string& id) {
    return Target(absl::StrCat("EIO=4&transport=polling&sid=", id));
  }
  // Its body whole, even if it came in chunks.
  HttpResponse Poll(const std::string& id) { return HttpConnection(address()).Call("GET", SessionTarget(id), "", ""); }
  HttpResponse Request(absl::string_view method, absl::string_view target, absl::string_view body,
                       absl::string_view headers = "") {
    HttpConnection connection(address());
    connection.Send(absl::StrCat(method, " ", target, " HTTP/1.1\r\n", connection.host_header(), headers,
                                 "Content-Length: ", body.size(), "\r\n\r\n", body));
    return connection.Receive(method == "HEAD");
  }
  HttpResponse Post(const std::string& id, absl::string_view body, absl::string_view headers = "") {
    return Request("POST", SessionTarget(id), body, headers);
  }

  Options options_;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_ECHO_FIXTURE_H_
