// The server that the official test suites of Engine.IO (protocol 4) and Socket.IO (protocol 5) expect: it echoes what
// it is sent, with short timings. It is built on the same library as the broker's dialect.
//
//   bazel run //tests/compat:socketio_echo_server -- --port=3000
//
// Listens on 127.0.0.1 and ::1, since `localhost` may be either, and prints the port; --port=0 picks a free one. Runs
// until its stdin ends.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/byte_budget.h"
#include "broker/http/engineio/server.h"
#include "broker/http/listener.h"
#include "broker/http/router.h"
#include "broker/http/socketio/server.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/timer_queue.h"
#include "storage/executor.h"

ABSL_FLAG(int, port, 0, "the port to listen on; 0 takes a free one");

namespace playhead::broker::http {
namespace {

constexpr absl::Duration kPingInterval = absl::Milliseconds(1500);
constexpr absl::Duration kPingTimeout = absl::Milliseconds(1500);
constexpr absl::Duration kConnectTimeout = absl::Seconds(10);

// One session of Engine.IO: says back every message.
class EngineEcho final : public engineio::SessionHandler {
 public:
  explicit EngineEcho(std::shared_ptr<engineio::Session> session) : session_(std::move(session)) {}
  void OnMessage(engineio::Message message) override { session_->Send(std::move(message)); }
  void OnWritable() override {}
  void OnClosed() override { session_ = nullptr; }

 private:
  std::shared_ptr<engineio::Session> session_;
};

// One socket: says back what comes as `message`, and acknowledges `message-with-ack` with its arguments.
class SocketEcho final : public socketio::SocketHandler {
 public:
  explicit SocketEcho(std::shared_ptr<socketio::Socket> socket) : socket_(std::move(socket)) {}
  void OnEvent(socketio::Event event) override {
    if (event.name == "message") socket_->Emit("message-back", std::move(event.arguments));
    if (event.name == "message-with-ack" && event.ack_id) {
      socket_->Acknowledge(*event.ack_id, std::move(event.arguments));
    }
  }
  void OnAck(uint64_t /*ack_id*/, socketio::Arguments /*arguments*/) override {}
  void OnWritable() override {}
  void OnDisconnect(bool /*left*/) override {}

 private:
  const std::shared_ptr<socketio::Socket> socket_;
};

class Echo final : public socketio::Application {
 public:
  void OnConnect(std::shared_ptr<socketio::Socket> socket, std::string auth) override {
    if (!socket->Accept(std::make_shared<SocketEcho>(socket), {})) return;
    socket->Emit("auth", {{auth.empty() ? "{}" : std::move(auth)}, {}});
  }
};

int Main() {
  storage::Executor executor(2);
  TimerQueue timers(executor);
  Limits limits;
  ByteBudget budget(limits.http_body_budget_bytes, executor);
  Metrics metrics;
  Echo echo;
  engineio::Options engine;
  engine.ping_interval = kPingInterval;
  engine.ping_timeout = kPingTimeout;
  engineio::Server engine_server(engine, timers, [](std::shared_ptr<engineio::Session> session) {
    return std::make_shared<EngineEcho>(std::move(session));
  });
  socketio::Options options;
  options.engine.ping_interval = kPingInterval;
  options.engine.ping_timeout = kPingTimeout;
  options.connect_timeout = kConnectTimeout;
  socketio::Server socket_server(options, timers);
  for (const char* const name_space : {"/", "/custom"}) socket_server.Add(name_space, echo);
  Router router;
  engine_server.AddRoutes(router);
  socket_server.AddRoutes(router);

  const auto listen = [&](const std::string& host, const std::string& port) {
    auto listener = Listener::Start({.listen = absl::StrCat(host, ":", port), .runs_open = [] { return true; }}, router,
                                    limits, budget, metrics);
    if (!listener.ok()) {
      std::cerr << listener.status() << "\n";
      std::exit(1);
    }
    return *std::move(listener);
  };
  const auto listener = listen("127.0.0.1", absl::StrCat(absl::GetFlag(FLAGS_port)));
  const std::string port = std::pair<std::string, std::string>(absl::StrSplit(listener->address(), ':')).second;
  const auto listener6 = listen("[::1]", port);
  std::cout << port << std::endl;
  while (std::cin.get() != EOF) {
  }
  engine_server.Stop();
  socket_server.Stop();
  listener->Stop(absl::InfinitePast());
  listener6->Stop(absl::InfinitePast());
  timers.Stop();
  executor.Join();
  return 0;
}

}  // namespace
}  // namespace playhead::broker::http

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return playhead::broker::http::Main();
}
