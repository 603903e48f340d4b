#include "tests/fuzz/connection_targets.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/response.h"
#include "broker/http/router.h"
#include "broker/http/websocket.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/refusal.h"
#include "tests/fuzz/served_connection.h"
#include "tests/support/http_connection.h"

namespace playhead::fuzz {
namespace {

using broker::http::Request;
using broker::http::Responder;
using broker::http::Router;
using broker::http::Verb;

constexpr size_t kBodyBytesMax = 1000;
constexpr size_t kMessageBytesMax = 1000;

constexpr char kHandshake[] =
    "GET /ws HTTP/1.1\r\nHost: localhost:0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// What the handlers got, of one connection; they run on the connection's thread.
class Seen {
 public:
  void Add(std::string what) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    seen_.push_back(std::move(what));
  }
  std::vector<std::string> Take() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return std::exchange(seen_, {});
  }

 private:
  absl::Mutex mu_;
  std::vector<std::string> seen_ ABSL_GUARDED_BY(mu_);
};

Seen& TheSeen() {
  static auto* const seen = new Seen();
  return *seen;
}

// "open", what each message is, "over": says each message back, but to `close`, which it does.
class Echo final : public broker::http::WebSocketHandler {
 public:
  void OnOpen(std::shared_ptr<broker::http::WebSocket> socket) override {
    socket_ = std::move(socket);
    TheSeen().Add("open");
  }
  void OnText(std::string message) override {
    TheSeen().Add(absl::StrCat("text ", message));
    if (message == "close") return socket_->Close(broker::http::kCloseNormal, "as you say");
    if (message == "abort") return socket_->Abort();
    socket_->SendText(std::move(message));
  }
  void OnBinary(std::string message) override {
    TheSeen().Add(absl::StrCat("binary ", message));
    socket_->SendBinary(std::move(message));
  }
  void OnWritable() override {}
  void OnStopping() override {}
  void OnClosed(broker::http::CloseCode) override {
    socket_ = nullptr;
    TheSeen().Add("over");
  }

 private:
  std::shared_ptr<broker::http::WebSocket> socket_;
};

const Router& Routes() {
  static const Router& router = *[] {
    auto* const made = new Router();
    const auto tell = [](Request request, Responder responder) {
      std::string seen = absl::StrCat(static_cast<int>(request.method), " ", request.path);
      for (const auto& parameter : request.query) absl::StrAppend(&seen, "\n", parameter.name, "=", parameter.value);
      for (const auto& header : request.headers) {
        absl::StrAppend(&seen, "\n", std::string(header.name_string()), ": ", std::string(header.value()));
      }
      TheSeen().Add(absl::StrCat(seen, "\n\n", request.body));
      std::move(responder).Send(broker::http::TextResponse(200, "seen"));
    };
    made->Add(Verb::get, "/names/{name}", {}, tell);
    made->Add(Verb::post, "/names/{name}", {.body_bytes_max = kBodyBytesMax}, tell);
    made->Add(Verb::put, "/names/{name}", {.body_bytes_max = kBodyBytesMax, .cross_origin = true}, tell);
    made->Add(Verb::get, "/ws", {}, [](Request request, Responder responder) {
      if (!broker::http::AsksForWebSocket(request)) {
        return std::move(responder).Send(broker::http::TextResponse(200, "seen"));
      }
      broker::http::WebSocketOptions options;
      options.message_bytes_max = kMessageBytesMax;
      std::move(responder).Accept(std::move(request), options, std::make_shared<Echo>());
    });
    return made;
  }();
  return router;
}

std::string Exchange(absl::string_view opening, absl::string_view bytes, size_t piece_bytes) {
  static auto* const served = new ServedConnections(Routes());
  return served->Exchange(opening, bytes, piece_bytes);
}

// How many answers there are in what came back.
size_t CheckResponses(std::string received) {
  size_t count = 0;
  for (;;) {
    // Only what is asked without a body being sent: of a request that says HEAD or is never completed.
    constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    while (absl::StartsWith(received, kContinue)) received.erase(0, kContinue.size());
    if (received.empty()) return count;
    // A body never begins like a response: then there is none, for it was a HEAD.
    const size_t end = received.find("\r\n\r\n");
    Require(end != std::string::npos, "an answer has a whole head");
    const absl::string_view behind = absl::string_view(received).substr(end + 4);
    const testing::HttpResponse response =
        testing::TakeResponse(received, behind.empty() || absl::StartsWith(behind, "HTTP/1.1 "));
    ++count;
    Require(response.status != 0, "an answer is whole");
    if (response.status == 101) return count;  // Frames follow.
    RequireAnswer(response);
  }
}

// The frames of a server: what the messages in them say.
std::vector<std::string> MessagesSent(absl::string_view frames) {
  std::vector<std::string> messages;
  bool closed = false;
  while (frames.size() >= 2) {
    const auto first = static_cast<uint8_t>(frames[0]);
    size_t size = static_cast<uint8_t>(frames[1]);
    Require((first & 0xf0) == 0x80, "a frame is whole, with no bits that were not agreed on");
    Require(size < 0x80, "a server's frame is not masked");
    Require(!closed, "nothing follows a close");
    frames.remove_prefix(2);
    if (size >= 126) {
      const size_t bytes = size == 126 ? 2 : 8;
      if (frames.size() < bytes) return messages;
      size = 0;
      for (const char byte : frames.substr(0, bytes)) size = size << 8 | static_cast<uint8_t>(byte);
      frames.remove_prefix(bytes);
    }
    if (frames.size() < size) return messages;  // The client's end came first.
    const absl::string_view payload = frames.substr(0, size);
    frames.remove_prefix(size);
    switch (first & 0xf) {
      case 1:
        messages.push_back(absl::StrCat("text ", payload));
        break;
      case 2:
        messages.push_back(absl::StrCat("binary ", payload));
        break;
      case 8:
        closed = true;
        break;
      case 9:
      case 10:
        break;
      default:
        Require(false, "a server's frame is of a kind that there is");
    }
  }
  return messages;
}

// What a client's frames say (RFC 6455, 5), read a second time: the messages up to the first fault, or to the end.
std::vector<std::string> MessagesIn(absl::string_view frames) {
  std::vector<std::string> messages;
  enum class Message { kNone, kText, kBinary } message_begun = Message::kNone;  // Whose last fragment has not come.
  std::string message;
  while (frames.size() >= 2) {
    const auto first = static_cast<uint8_t>(frames[0]);
    const auto second = static_cast<uint8_t>(frames[1]);
    const bool final = (first & 0x80) != 0;
    const int opcode = first & 0xf;
    if ((first & 0x70) != 0 || (second & 0x80) == 0) return messages;
    uint64_t size = second & 0x7f;
    frames.remove_prefix(2);
    if (size >= 126) {
      const bool is_long = size == 127;
      const size_t bytes = is_long ? 8 : 2;
      if (opcode >= 8 || frames.size() < bytes) return messages;
      size = 0;
      for (const char byte : frames.substr(0, bytes)) size = size << 8 | static_cast<uint8_t>(byte);
      if (size < (is_long ? 65536u : 126u)) return messages;  // It has a shorter form.
      frames.remove_prefix(bytes);
    }
    constexpr size_t kMaskBytes = 4;
    if (frames.size() < kMaskBytes || frames.size() - kMaskBytes < size) return messages;
    std::string payload(frames.substr(kMaskBytes, size));
    for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ frames[i % kMaskBytes]);
    frames.remove_prefix(kMaskBytes + size);
    if (opcode >= 8) {
      if (!final || opcode == 8 || opcode > 10) return messages;
      continue;
    }
    if (opcode > 2 || (opcode == 0) != (message_begun != Message::kNone)) return messages;
    if (opcode != 0) message_begun = opcode == 1 ? Message::kText : Message::kBinary;
    message += payload;
    if (message.size() > kMessageBytesMax) return messages;
    if (!final) continue;
    const bool is_text = std::exchange(message_begun, Message::kNone) == Message::kText;
    if (is_text && !simdjson::validate_utf8(message.data(), message.size())) return messages;
    messages.push_back(absl::StrCat(is_text ? "text " : "binary ", std::exchange(message, "")));
    if (messages.back() == "text close" || messages.back() == "text abort") return messages;
  }
  return messages;
}

}  // namespace

void HttpConnection(absl::string_view bytes) {
  if (bytes.empty()) return;
  const size_t piece_bytes = 1 + static_cast<uint8_t>(bytes[0]) % 64;
  bytes.remove_prefix(1);
  // Of a client that sends frames before the handshake is answered it is up to chance whether that is seen.
  if (absl::StrContains(absl::AsciiStrToLower(bytes), "websocket")) {
    CheckResponses(Exchange("", bytes, piece_bytes));
    TheSeen().Take();
    return;
  }
  // A refused client that is slower than the broker drains may miss the answer, so a difference counts if it stays.
  constexpr int kTries = 3;
  for (int i = 1; i <= kTries; ++i) {
    const size_t answers = CheckResponses(Exchange("", bytes, bytes.size()));
    const std::vector<std::string> handled = TheSeen().Take();
    Require(answers >= handled.size(), "each request is answered");
    const size_t answers_to_pieces = CheckResponses(Exchange("", bytes, piece_bytes));
    Require(TheSeen().Take() == handled, "how the bytes arrive changes nothing");
    if (answers_to_pieces == answers) return;
  }
  Require(false, "how the bytes arrive changes no answer");
}

void WebSocketConnection(absl::string_view bytes) {
  if (bytes.empty()) return;
  const size_t piece_bytes = 1 + static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  const std::string received = Exchange(kHandshake, bytes, piece_bytes);
  std::vector<std::string> expected = MessagesIn(bytes);
  std::vector<std::string> seen = TheSeen().Take();
  Require(absl::StartsWith(received, "HTTP/1.1 101 "), "the handshake is taken");
  const std::vector<std::string> sent = MessagesSent(absl::string_view(received).substr(received.find("\r\n\r\n") + 4));
  Require(sent.size() <= expected.size() && std::equal(sent.begin(), sent.end(), expected.begin()),
          "what is sent back is what was said");
  expected.insert(expected.begin(), "open");
  expected.push_back("over");
  Require(seen == expected, "the handler gets the messages that were sent, and is told once that it is over");
}

}  // namespace playhead::fuzz
