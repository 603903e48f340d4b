#include "tests/bench/websocket_clients.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead {
namespace {

enum Opcode { kText = 1, kClose = 8, kPing = 9, kPong = 10 };

// A client's frame of up to 125 bytes, masked with zeros.
void AppendFrame(Opcode opcode, absl::string_view payload, std::string& out) {
  if (payload.size() > 125) Fail("an answer is too long");
  out.push_back(static_cast<char>(0x80 | opcode));
  out.push_back(static_cast<char>(0x80 | payload.size()));
  out.append(4, '\0');
  out.append(payload.data(), payload.size());
}

// The size of the frame at the start of `bytes`, and where its payload begins; both 0 if that is not known yet.
std::pair<size_t, size_t> MeasureFrame(absl::string_view bytes) {
  if (bytes.size() < 2) return {0, 0};
  const auto at = [bytes](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  size_t size = at(1) & 0x7f;
  size_t head = 2;
  if (size >= 126) {
    head = size == 126 ? 4 : 10;
    if (bytes.size() < head) return {0, 0};
    size = 0;
    for (size_t i = 2; i < head; ++i) size = size << 8 | at(i);
  }
  return {head + size, head};
}

std::string NewVZapsToken(const std::string& address) {
  testing::HttpConnection connection(address);
  const auto answer = connection.Call("POST", "/token", "Content-Type: application/json\r\n",
                                      R"({"client_token":"any","client_secret":"any"})");
  if (answer.status != 200) Fail("the broker gives no token");
  return std::string(boost::json::parse(answer.body).at("access_token").as_string());
}

void Greet(testing::RawWebSocket& socket, const WebSocketDialect& dialect) {
  for (const auto& [message, expected] : dialect.greetings) {
    socket.SendText(message);
    for (;;) {
      const testing::Frame frame = socket.Receive();
      if (frame.ended || frame.opcode == testing::Opcode::kClose) Fail("the broker refuses a client");
      if (frame.opcode == testing::Opcode::kPing) socket.Send({testing::Opcode::kPong, frame.payload});
      if (absl::StartsWith(frame.payload, expected)) break;
    }
  }
}

}  // namespace

void Fail(absl::string_view what) {
  std::fprintf(stderr, "websocket_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

void RecordDelay(absl::string_view text, tools::LatencyHistogram& latency) {
  const size_t mark = text.find(kTimeMark);
  if (mark == text.npos) return;
  const absl::string_view number = text.substr(mark + kTimeMark.size());
  int64_t due = 0;
  if (absl::SimpleAtoi(number.substr(0, number.find_first_not_of("0123456789")), &due)) {
    latency.Record(absl::Nanoseconds(absl::ToUnixNanos(absl::Now()) - due));
  }
}

WebSocketClients::WebSocketClients(const std::string& address, const WebSocketDialect& dialect, size_t count)
    : dialect_(dialect), epoll_(epoll_create1(0)) {
  for (size_t i = 0; i < count; ++i) {
    std::string target(dialect.target);
    if (absl::StrContains(target, "%TOKEN")) {
      target = absl::StrReplaceAll(target, {{"%TOKEN", NewVZapsToken(address)}});
    }
    testing::RawWebSocket socket(address);
    if (socket.Connect(target).status != 101) Fail("the broker accepts no WebSocket there");
    Greet(socket, dialect);
    // What else the client holds open goes with it.
    const int fd = dup(socket.connection().socket().native_handle());
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = clients_.size()}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
    clients_.push_back({fd, ""});
  }
}

WebSocketClients::~WebSocketClients() {
  for (const Client& client : clients_) close(client.fd);
  close(epoll_);
}

void WebSocketClients::Run(const std::atomic<bool>& stop) {
  std::array<epoll_event, 256> events{};
  while (!stop) {
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), /*timeout=*/50);
    for (int i = 0; i < ready; ++i) Read(clients_[events[static_cast<size_t>(i)].data.u64]);
  }
}

void WebSocketClients::Read(Client& client) {
  static thread_local std::array<char, 65'536> bytes;
  const ssize_t size = recv(client.fd, bytes.data(), bytes.size(), 0);
  if (size <= 0) Fail("the broker closed a connection");
  client.received.append(bytes.data(), static_cast<size_t>(size));
  std::string answers;
  TakeFrames(client.received, answers);
  if (answers.empty()) return;
  // They are far less than a socket takes at once.
  if (send(client.fd, answers.data(), answers.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answers.size())) {
    Fail("an answer could not be sent");
  }
}

void WebSocketClients::TakeFrames(std::string& bytes, std::string& answers) {
  size_t at = 0;
  for (;;) {
    const absl::string_view rest = absl::string_view(bytes).substr(at);
    const auto [size, head] = MeasureFrame(rest);
    if (size == 0 || rest.size() < size) break;
    OnFrame(rest[0] & 0x0f, rest.substr(head, size - head), answers);
    at += size;
  }
  bytes.erase(0, at);
}

void WebSocketClients::OnFrame(int opcode, absl::string_view payload, std::string& answers) {
  if (opcode == kClose) Fail("the broker closes a connection");
  const size_t before = answers.size();
  if (opcode == kPing) AppendFrame(kPong, payload, answers);
  if (opcode == kText && dialect_.answers_engine_pings && payload == "2") AppendFrame(kText, "3", answers);
  if (opcode == kText && dialect_.acknowledges) {
    constexpr absl::string_view kId = R"("id":")";
    constexpr size_t kIdBytes = 30;  // evt_ and 26 characters.
    const size_t id = payload.find(kId);
    if (id == payload.npos) Fail("an event without an id");
    AppendFrame(kText, absl::StrCat(R"({"type":"ack","event_id":")", payload.substr(id + kId.size(), kIdBytes), "\"}"),
                answers);
  }
  if (answers.size() > before) ++answered_;
  if (opcode == kText) RecordDelay(payload, latency_);
}

}  // namespace playhead
