#include "tests/fuzz/broker_targets.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "proto/errors.h"
#include "storage/log.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/refusal.h"
#include "tests/fuzz/renewed.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead::fuzz {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

constexpr char kSecret[] = "the-administrator-of-a-fuzzed-broker";
// So many inputs one broker lives: what they store, and the limits that they set, end with it.
constexpr int kInputsOfABroker = 2'000;
// A stream that has answered nothing by then goes on for ever.
constexpr auto kStreamTime = std::chrono::milliseconds(50);
constexpr auto kAnswerTime = std::chrono::seconds(30);

class Broker {
 public:
  Broker() : server_(Options(dir_.path())), stub_(server_.channel()) {
    const testing::HttpResponse response = connection().Call(
        "POST", "/token", "",
        absl::StrCat(R"({"client_token":")", broker::kAdminKeyId, R"(","client_secret":")", kSecret, R"("})"));
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(response.body, "access_token\":\"");
    vzaps_token_ = std::string(parts.second.substr(0, parts.second.find('"')));
    Require(!vzaps_token_.empty(), "a token is given");
    HangUp();  // The next request may be long in coming.
  }

  // A token of VZaps' clients.
  const std::string& vzaps_token() const { return vzaps_token_; }
  grpc::GenericStub& stub() { return stub_; }
  testing::HttpConnection& connection() {
    if (connection_ == nullptr)
      connection_ = std::make_unique<testing::HttpConnection>(server_.server().http_address());
    return *connection_;
  }
  // With a reset, so that no port is left waiting.
  void HangUp() {
    if (connection_ == nullptr) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(connection_->socket().native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    connection_ = nullptr;
  }

 private:
  static broker::ServerOptions Options(const std::string& dir) {
    google::protobuf::SetLogHandler(nullptr);  // Of text that is not UTF-8 it would tell.
    storage::Log().set_level(spdlog::level::off);
    const std::string file = dir + "/admin";
    std::ofstream(file) << kSecret << "\n";
    chmod(file.c_str(), 0600);
    broker::ServerOptions options = testing::TestServerOptions();
    options.admin_secret_file = file;
    options.http_listen = "127.0.0.1:0";
    options.webhook.seal_key_file = dir + "/seal";
    options.webhook.keep_unverified = true;
    options.limits.http_threads = 1;
    options.limits.refusal_delay = absl::Milliseconds(1);
    return options;
  }

  const testing::TempDir dir_;
  testing::TestServer server_;
  grpc::GenericStub stub_;
  std::unique_ptr<testing::HttpConnection> connection_;
  std::string vzaps_token_;
};

Broker& TheBroker() { return Renewed<Broker, kInputsOfABroker>(); }

// A line of a request that says one thing: none of the input's bytes ends it, nor says where its body ends.
std::string InALine(absl::string_view text) {
  std::string line(text);
  line.erase(std::remove_if(line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }),
             line.end());
  return line;
}
bool SaysWhereItEnds(absl::string_view header) {
  const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(header.substr(0, header.find(':'))));
  return name.empty() || name == "content-length" || name == "transfer-encoding" || name == "connection" ||
         name == "expect" || name == "host";
}

struct HttpInput {
  std::string method, target, headers, body;
  std::vector<std::string> messages;  // Over the WebSocket, if it becomes one.
};

HttpInput ReadHttpInput(absl::string_view text) {
  HttpInput input;
  // What no input can know.
  const std::string known = absl::StrReplaceAll(text, {{"{secret}", kSecret}, {"{vzaps}", TheBroker().vzaps_token()}});
  absl::string_view bytes = known;
  const bool is_admin = absl::ConsumePrefix(&bytes, "a");
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(bytes, absl::MaxSplits("\n\n", 1));
  std::vector<absl::string_view> lines = absl::StrSplit(parts.first, '\n');
  const std::pair<absl::string_view, absl::string_view> first = absl::StrSplit(lines[0], absl::MaxSplits(' ', 1));
  input.method = InALine(first.first);
  input.target = InALine(first.second);
  for (size_t i = 1; i < lines.size(); ++i) {
    if (!SaysWhereItEnds(lines[i])) absl::StrAppend(&input.headers, InALine(lines[i]), "\r\n");
  }
  if (is_admin) absl::StrAppend(&input.headers, "Authorization: Bearer ", kSecret, "\r\n");
  std::vector<std::string> pieces = absl::StrSplit(std::string(parts.second), '\0');  // At least one.
  input.body = std::move(pieces.front());
  input.messages.assign(std::make_move_iterator(pieces.begin() + 1), std::make_move_iterator(pieces.end()));
  return input;
}

// A client's frame, masked with nothing.
std::string TextFrame(absl::string_view text) {
  text = text.substr(0, 0xffff);
  std::string frame = "\x81";
  if (text.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | text.size()));
  } else {
    frame.push_back(static_cast<char>(0x80 | 126));
    frame.push_back(static_cast<char>(text.size() >> 8));
    frame.push_back(static_cast<char>(text.size()));
  }
  return absl::StrCat(frame, std::string(4, '\0'), text);
}

// Every method of the broker's own services and of the dialects', by its path.
const std::vector<const MethodDescriptor*>& Methods() {
  static const auto& methods = *[] {
    auto* const made = new std::vector<const MethodDescriptor*>();
    std::vector<std::string> files;
    DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
    std::sort(files.begin(), files.end());
    for (const std::string& name : files) {
      const auto* const file = DescriptorPool::generated_pool()->FindFileByName(name);
      if (absl::StartsWith(file->package(), "grpc")) continue;
      for (int i = 0; i < file->service_count(); ++i) {
        for (int m = 0; m < file->service(i)->method_count(); ++m) made->push_back(file->service(i)->method(m));
      }
    }
    return made;
  }();
  return methods;
}

// The one that is named, or any one for any other text.
const MethodDescriptor& MethodOf(absl::string_view path) {
  uint32_t hash = 0;
  for (const char c : path) hash = hash * 31 + static_cast<uint8_t>(c);
  for (const MethodDescriptor* const method : Methods()) {
    if (path == absl::StrCat(method->service()->full_name(), "/", method->name())) return *method;
  }
  return *Methods()[hash % Methods().size()];
}

bool Streams(const MethodDescriptor& method) { return method.client_streaming() || method.server_streaming(); }

// Sends the messages, and ends a stream with the first reply.
class Call final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Call(grpc::GenericStub& stub, const MethodDescriptor& method, const std::vector<std::string>& messages)
      : ends_early_(method.server_streaming()) {
    for (const std::string& message : messages) {
      const grpc::Slice slice(message);
      messages_.emplace_back(&slice, 1);
    }
    context_.AddMetadata("authorization", absl::StrCat("Bearer ", kSecret));
    // As Photon's services want it.
    context_.AddMetadata("access_token", kSecret);
    context_.AddMetadata("phone_number_id", "bot");
    const std::chrono::milliseconds time = Streams(method) ? kStreamTime : kAnswerTime;
    context_.set_deadline(std::chrono::system_clock::now() + time);
    stub.PrepareBidiStreamingCall(&context_, absl::StrCat("/", method.service()->full_name(), "/", method.name()),
                                  grpc::StubOptions(), this);
    StartRead(&reply_);
    WriteNext();
    StartCall();
  }

  grpc::Status Await() { return done_.get_future().get(); }
  const grpc::ClientContext& context() const { return context_; }

 private:
  void WriteNext() {
    if (next_ == messages_.size()) return StartWritesDone();
    StartWrite(&messages_[next_++]);
  }
  void OnWriteDone(bool ok) override {
    if (ok) WriteNext();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (ends_early_) return context_.TryCancel();
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override { done_.set_value(status); }

  const bool ends_early_;
  grpc::ClientContext context_;
  std::vector<grpc::ByteBuffer> messages_;
  size_t next_ = 0;
  grpc::ByteBuffer reply_;
  std::promise<grpc::Status> done_;
};

void RequireSaysWhy(const MethodDescriptor& method, const grpc::Status& status, const std::string& code) {
  const std::string what = absl::StrCat(method.full_name(), ": ", status.error_message(), " ", code);
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::CANCELLED:
      return;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Require(Streams(method), absl::StrCat("a call is answered: ", what));
    case grpc::StatusCode::INTERNAL:  // Without a reason it is gRPC's word, for a message that is none.
      return Require(code.empty(), absl::StrCat("nothing that is asked makes the broker fail: ", what));
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return Require(false, absl::StrCat("nothing that is asked makes the broker fail: ", what));
    default:
      // Photon's services speak as its SDK knows it.
      Require(!absl::StartsWith(method.full_name(), "playhead.") || FindReason(code) != nullptr,
              absl::StrCat("a refusal says why: ", what));
  }
}

}  // namespace

void HttpRoute(absl::string_view bytes) {
  const HttpInput input = ReadHttpInput(bytes);
  if (input.method.empty() || !absl::StartsWith(input.target, "/")) return;
  Broker& broker = TheBroker();
  testing::HttpConnection& connection = broker.connection();
  const bool opens = absl::StrContains(absl::AsciiStrToLower(input.headers), "upgrade:");
  const std::string end = opens ? "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                : absl::StrCat("Content-Length: ", input.body.size(), "\r\n");
  connection.Send(absl::StrCat(input.method, " ", input.target, " HTTP/1.1\r\n", connection.host_header(),
                               input.headers, end, "\r\n", opens ? "" : input.body));
  const testing::HttpResponse response = connection.Receive(input.method == "HEAD");
  Require(response.status != 0, "a request is answered");
  if (response.status == 101) {
    for (const std::string& message : input.messages) connection.Send(TextFrame(message));
    connection.FinishSending();
    connection.ReceiveToEnd();
    return broker.HangUp();
  }
  RequireAnswer(response);
  Require(response.status < 400 || !absl::StartsWith(input.target, "/v1/") || response.headers.contains("error-code"),
          "a refusal says why");
  const auto persistence = response.headers.find("connection");
  const bool ends = persistence != response.headers.end() && absl::EqualsIgnoreCase(persistence->second, "close");
  if (ends || response.headers.contains("transfer-encoding")) broker.HangUp();
}

void GrpcCall(absl::string_view bytes) {
  constexpr int kCallsMax = 4;
  for (int calls = 0; calls < kCallsMax && !bytes.empty(); ++calls) {
    const absl::string_view path = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), path.size() + 1));
    const MethodDescriptor& method = MethodOf(path);
    std::vector<std::string> messages;
    constexpr size_t kNextCall = 0xffff;
    for (size_t size = 0; bytes.size() >= 2;) {
      size = static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8 | static_cast<uint8_t>(bytes[1]);
      bytes.remove_prefix(2);
      if (size == kNextCall) break;
      messages.emplace_back(bytes.substr(0, size));
      bytes.remove_prefix(messages.back().size());
    }
    if (!method.client_streaming()) messages.resize(1);
    Call call(TheBroker().stub(), method, messages);
    const grpc::Status status = call.Await();
    RequireSaysWhy(method, status, testing::OutcomeOf(status, call.context()).code());
  }
}

}  // namespace playhead::fuzz
