#include "tests/fuzz/engineio_targets.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "broker/http/engineio/options.h"
#include "broker/http/engineio/server.h"
#include "broker/http/engineio/session.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/router.h"
#include "broker/http/target.h"
#include "tests/fuzz/no_timers.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/scripted_connection.h"

namespace playhead::fuzz {
namespace {

namespace http = broker::http;
namespace engineio = broker::http::engineio;

// What is done next. In the upper bits of its byte is to which session, or on which connection.
enum class Act : uint8_t {
  kOpenByPolling,
  kOpenByWebSocket,
  kPoll,
  kPost,         // A body: its length in a byte, and so many.
  kPostMessage,  // A message that is one.
  kUpgrade,      // Opens a WebSocket of a session.
  kText,         // On a WebSocket: as a body.
  kBinary,
  kProbe,
  kGoOver,
  kLeave,
  kSend,        // The application: a message, or as many as a byte says.
  kEnd,         // It closes the session.
  kRunOne,      // Of what a connection has to do.
  kRunAll,      // Of all connections.
  kAskWrongly,  // A method, transport or version that there is not.
};
constexpr int kActBits = 4;

constexpr Act ActOf(uint8_t byte) { return static_cast<Act>(byte & ((1 << kActBits) - 1)); }

// The application's side of a session.
class App final : public engineio::SessionHandler {
 public:
  App(size_t number, std::shared_ptr<engineio::Session> session)
      : id(session->id()), session_(std::move(session)), number_(number) {}

  void OnMessage(engineio::Message message) override {
    Require(session_ != nullptr, "a session that has ended brings nothing");
    ++got_[message.data];
  }
  void OnWritable() override { Require(session_ != nullptr, "nor can it be written to"); }
  void OnClosed() override { Require(std::exchange(session_, nullptr) != nullptr, "a session ends once"); }

  void Send() {
    if (session_ == nullptr) return;
    const auto session = session_;  // It may end of it.
    session->Run([&] { session->Send({absl::StrCat("s", number_, ":", sent_++)}); });
  }
  void Ping() {
    if (const auto session = session_) session->Run([&] { session->Ping(); });
  }
  void Close() {
    if (const auto session = session_) session->Run([&] { session->Close(http::kCloseNormal, "enough"); });
  }
  bool ended() const { return session_ == nullptr; }
  int got(const std::string& message) const {
    const auto found = got_.find(message);
    return found == got_.end() ? 0 : found->second;
  }

  const std::string id;

 private:
  std::shared_ptr<engineio::Session> session_;  // Until it has ended.
  const size_t number_;
  uint64_t sent_ = 0;
  std::map<std::string, int> got_;
};

engineio::Options SmallOptions() {
  engineio::Options options;
  options.sessions_max = 3;
  options.payload_bytes_max = 200;
  options.packets_buffered_max = 40;
  options.bytes_buffered_max = 1000;
  options.bytes_received_max = 1000;
  return options;
}

class Play {
 public:
  explicit Play(absl::string_view bytes) : bytes_(bytes) { server_.AddRoutes(router_); }

  void Run() {
    while (!bytes_.empty()) {
      const uint8_t byte = TakeByte();
      Do(ActOf(byte), byte >> kActBits);
    }
    RunAll();
    for (const auto& app : apps_) {
      if (!app->ended()) lasting_.push_back(app->id);
    }
    server_.Stop();
    RunAll();
    for (const auto& connection : connections_) connection->Leave();
    RunAll();
    CheckAnswers();
    CheckOrder();
    for (const auto& app : apps_) Require(app->ended(), "no session outlives the server");
    Require(server_.session_count() == 0, "and none is left of them");
  }

 private:
  uint8_t TakeByte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string TakeText() {
    const size_t size = TakeByte();
    std::string taken(bytes_.substr(0, size));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  // The query of a session that there is, or of one that there is not.
  std::string SessionQuery(absl::string_view transport, size_t which) const {
    const std::string id = apps_.empty() ? "none" : apps_[which % apps_.size()]->id;
    return absl::StrCat("EIO=4&transport=", transport, "&sid=", id);
  }

  ScriptedConnection& Ask(http::Verb method, absl::string_view query, std::string body = "") {
    auto target = http::ParseTarget(absl::StrCat("/engine.io/?", query));
    Require(target.ok(), "a target of our own is one");
    http::Request request;
    request.method = method;
    request.query = std::move(target->query);
    request.body = std::move(body);
    if (absl::StrContains(query, "=websocket")) request.headers.set("Upgrade", "websocket");
    const auto connection = connections_.emplace_back(std::make_shared<ScriptedConnection>());
    const auto match = router_.Find(method, target->segments);
    Require(match.route != nullptr, "there is a route");
    match.route->handler(std::move(request), http::Responder(connection));
    return *connection;
  }

  void Do(Act act, size_t which) {
    App* const app = apps_.empty() ? nullptr : apps_[which % apps_.size()].get();
    ScriptedConnection* const connection =
        connections_.empty() ? nullptr : connections_[connections_.size() - 1 - which % connections_.size()].get();
    // Every other client is Python's, as the server takes it.
    const char* const time = which % 2 == 0 ? "" : "&t=1700000000.5";
    switch (act) {
      case Act::kOpenByPolling:
        Ask(http::Verb::get, absl::StrCat("EIO=4&transport=polling", time));
        break;
      case Act::kOpenByWebSocket:
        Ask(http::Verb::get, absl::StrCat("EIO=4&transport=websocket", time));
        break;
      case Act::kPoll:
        Ask(http::Verb::get, SessionQuery("polling", which));
        break;
      case Act::kPost:
        Ask(http::Verb::post, SessionQuery("polling", which), TakeText());
        break;
      case Act::kPostMessage: {
        const std::string message = absl::StrCat("m", connections_.size());
        const bool ended = app == nullptr || app->ended();
        const int status = Ask(http::Verb::post, SessionQuery("polling", which), absl::StrCat("4", message)).status();
        const int got = app == nullptr ? 0 : app->got(message);
        Require(got == (status == 200 ? 1 : 0), "what is taken has come, once, and what is refused has not");
        Require(!ended || status != 200, "a session that has ended takes nothing");
        break;
      }
      case Act::kUpgrade:
        Ask(http::Verb::get, SessionQuery("websocket", which));
        break;
      case Act::kText:
      case Act::kBinary: {
        std::string text = TakeText();
        if (connection != nullptr) connection->Say(std::move(text), act == Act::kBinary);
        break;
      }
      case Act::kProbe:
        if (connection != nullptr) connection->Say("2probe", false);
        break;
      case Act::kGoOver:
        if (connection != nullptr) connection->Say("5", false);
        break;
      case Act::kLeave:
        if (connection != nullptr) connection->Leave();
        break;
      case Act::kSend: {
        const int count = 1 + TakeByte() % 64;
        for (int i = 0; i < count && app != nullptr; ++i) app->Send();
        if (app != nullptr && count % 8 == 7) app->Ping();
        break;
      }
      case Act::kEnd:
        if (app != nullptr) app->Close();
        break;
      case Act::kRunOne:
        if (connection != nullptr) connection->RunOne();
        break;
      case Act::kRunAll:
        RunAll();
        break;
      case Act::kAskWrongly: {
        static constexpr const char* kQueries[] = {"EIO=3&transport=polling", "EIO=4&transport=carrier", "EIO=4", "",
                                                   "EIO=4&transport=polling&sid=none"};
        Ask(which % 2 == 0 ? http::Verb::get : http::Verb::post, kQueries[which % std::size(kQueries)]);
        if (app != nullptr) Ask(http::Verb::put, SessionQuery("polling", which));
        break;
      }
    }
  }

  void RunAll() {
    for (bool ran = true; std::exchange(ran, false);) {
      for (size_t i = 0; i < connections_.size(); ++i) {
        const auto connection = connections_[i];
        while (connection->RunOne()) ran = true;
      }
    }
  }

  void CheckAnswers() const {
    constexpr int kStatuses[] = {101, 200, 400, 413, 503};
    for (const auto& connection : connections_) {
      Require(std::find(std::begin(kStatuses), std::end(kStatuses), connection->status()) != std::end(kStatuses),
              absl::StrCat("a request is answered, not with ", connection->status()));
    }
  }

  void CheckOrder() const {
    std::map<size_t, std::vector<uint64_t>> came;  // By session: the numbers of its messages.
    for (const auto& connection : connections_) {
      std::vector<std::string> packets = connection->frames();
      for (const absl::string_view packet : absl::StrSplit(connection->body(), '\x1e')) packets.emplace_back(packet);
      std::map<size_t, uint64_t> next;
      for (absl::string_view packet : packets) {
        if (!absl::ConsumePrefix(&packet, "4s")) continue;
        const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(packet, ':');
        size_t session = 0;
        uint64_t number = 0;
        Require(absl::SimpleAtoi(parts.first, &session) && absl::SimpleAtoi(parts.second, &number),
                "what comes is what was sent");
        Require(number >= next[session], "on one connection messages come in order");
        next[session] = number + 1;
        came[session].push_back(number);
      }
    }
    for (auto& [session, numbers] : came) {
      std::sort(numbers.begin(), numbers.end());
      Require(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end(), "no message comes twice");
      const std::string& id = apps_[session]->id;
      const bool lasts = std::find(lasting_.begin(), lasting_.end(), id) != lasting_.end();
      Require(!lasts || numbers.back() + 1 == numbers.size(), "while a session lasts no message is left out");
    }
  }

  absl::string_view bytes_;
  std::vector<std::shared_ptr<App>> apps_;
  std::vector<std::string> lasting_;  // The sessions that the acts have not ended.
  std::vector<std::shared_ptr<ScriptedConnection>> connections_;
  http::Router router_;
  engineio::Server server_{SmallOptions(), NoTimers(), [this](std::shared_ptr<engineio::Session> session) {
                             return apps_.emplace_back(std::make_shared<App>(apps_.size(), std::move(session)));
                           }};
};

}  // namespace

void EngineIoSession(absl::string_view bytes) {
  constexpr size_t kActsMax = 1000;
  Play(bytes.substr(0, kActsMax)).Run();
}

}  // namespace playhead::fuzz
