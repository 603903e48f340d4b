// Arbitrary requests to every method of every gRPC service of the broker: random messages made from their descriptors,
// some of them damaged. Each call ends with a status that says why, and the broker keeps serving.
//
// PLAYHEAD_TEST_SEED=N makes other requests. PLAYHEAD_SOAK makes a hundred times as many.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "proto/errors.h"
#include "tests/support/key_client.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::Reflection;
using testing::Random;
using testing::TempDir;
using testing::TestServer;

constexpr int kCallsOfEach = 30;
constexpr int kSoakFactor = 100;
constexpr size_t kCallsAtOnce = 16;
constexpr int kDepthMax = 4;
constexpr int kRepliesMax = 20;
// Of streams, which would go on for ever; and of single calls, which do not.
constexpr auto kStreamTime = std::chrono::milliseconds(300);
constexpr auto kAnswerTime = std::chrono::seconds(30);

// Every method of the services that are linked in: the broker's, and some of gRPC's own.
std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<std::string> files;
  DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::sort(files.begin(), files.end());
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name : files) {
    const auto* const file = DescriptorPool::generated_pool()->FindFileByName(name);
    for (int i = 0; i < file->service_count(); ++i) {
      for (int m = 0; m < file->service(i)->method_count(); ++m) methods.push_back(file->service(i)->method(m));
    }
  }
  return methods;
}

class MessageMaker {
 public:
  explicit MessageMaker(Random& random) : random_(random) {}

  // Encoded, and now and then damaged.
  std::string Make(const google::protobuf::Descriptor& type) {
    const std::unique_ptr<Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
    Fill(*message, 0);
    std::string bytes = message->SerializePartialAsString();
    if (!bytes.empty() && random_.OneIn(6))
      bytes[random_.Below(bytes.size())] ^= static_cast<char>(1 + random_.Below(255));
    if (random_.OneIn(20)) bytes.resize(random_.Below(bytes.size() + 1));
    if (random_.OneIn(50)) bytes.append(random_.Below(2000), static_cast<char>(random_.Below(256)));
    return bytes;
  }

 private:
  void Fill(Message& message, int depth) {
    const auto* const type = message.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* const field = type->field(i);
      if (random_.OneIn(3)) continue;
      const uint64_t count = field->is_repeated() ? random_.Below(4) : 1;
      for (uint64_t n = 0; n < count; ++n) Set(message, *field, depth);
    }
  }

  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    const auto put = [&](auto add, auto set, auto value) {
      if (field.is_repeated()) {
        (reflection.*add)(&message, &field, std::move(value));
      } else {
        (reflection.*set)(&message, &field, std::move(value));
      }
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return put(&Reflection::AddInt32, &Reflection::SetInt32, static_cast<int32_t>(Number()));
      case FieldDescriptor::CPPTYPE_INT64:
        return put(&Reflection::AddInt64, &Reflection::SetInt64, static_cast<int64_t>(Number()));
      case FieldDescriptor::CPPTYPE_UINT32:
        return put(&Reflection::AddUInt32, &Reflection::SetUInt32, static_cast<uint32_t>(Number()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return put(&Reflection::AddUInt64, &Reflection::SetUInt64, Number());
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return put(&Reflection::AddDouble, &Reflection::SetDouble, static_cast<double>(Number()));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return put(&Reflection::AddFloat, &Reflection::SetFloat, static_cast<float>(Number()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return put(&Reflection::AddBool, &Reflection::SetBool, random_.OneIn(2));
      case FieldDescriptor::CPPTYPE_ENUM:
        return put(&Reflection::AddEnumValue, &Reflection::SetEnumValue, static_cast<int>(random_.Below(8)));
      case FieldDescriptor::CPPTYPE_STRING:
        return put(&Reflection::AddString, &Reflection::SetString, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth >= kDepthMax) return;
        return Fill(field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                        : *reflection.MutableMessage(&message, &field),
                    depth + 1);
    }
  }

  uint64_t Number() {
    constexpr uint64_t kOfInterest[] = {0,
                                        1,
                                        2,
                                        100,
                                        65536,
                                        std::numeric_limits<int32_t>::max(),
                                        std::numeric_limits<uint32_t>::max(),
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<uint64_t>::max(),
                                        uint64_t{1} << 44,
                                        (uint64_t{1} << 44) + 1};
    return random_.OneIn(4) ? random_.Below(UINT64_MAX) : kOfInterest[random_.Below(std::size(kOfInterest))];
  }

  std::string Text() {
    static const auto& kOfInterest = *new std::vector<std::string>{"",
                                                                   "bot",
                                                                   "bot",
                                                                   "other",
                                                                   "*",
                                                                   "bot*",
                                                                   "playhead.audit",
                                                                   "/",
                                                                   "key",
                                                                   "application/json",
                                                                   "{\"a\":1}",
                                                                   "https://localhost/",
                                                                   "2026-01-01T00:00:00Z",
                                                                   "a/b",
                                                                   std::string(300, 'x'),
                                                                   std::string("a\0b", 3),
                                                                   "\xff\xfe"};
    if (!random_.OneIn(5)) return kOfInterest[random_.Below(kOfInterest.size())];
    std::string text(random_.Below(40), '\0');
    for (char& byte : text) byte = static_cast<char>(random_.Below(256));
    return text;
  }

  Random& random_;
};

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

bool Streams(const MethodDescriptor& method) { return method.client_streaming() || method.server_streaming(); }

// One call, of whatever kind: sends all of the messages, and reads what comes.
class AnyCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  AnyCall(grpc::GenericStub& stub, const MethodDescriptor& method, const std::string& secret,
          const std::vector<std::string>& messages)
      : method_(method) {
    for (const std::string& message : messages) messages_.push_back(BufferOf(message));
    context_.AddMetadata("authorization", absl::StrCat("Bearer ", secret));
    // As Photon's services want it.
    context_.AddMetadata("access_token", secret);
    context_.AddMetadata("phone_number_id", "bot");
    context_.set_deadline(std::chrono::system_clock::now() + (Streams(method) ? kStreamTime : kAnswerTime));
    const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
    stub.PrepareBidiStreamingCall(&context_, path, grpc::StubOptions(), this);
    StartRead(&reply_);
    WriteNext();
    StartCall();
  }

  const MethodDescriptor& method() const { return method_; }
  const grpc::ClientContext& context() const { return context_; }
  grpc::Status Await() { return done_.get_future().get(); }

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
    if (++replies_ == kRepliesMax) return context_.TryCancel();
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override { done_.set_value(status); }

  const MethodDescriptor& method_;
  grpc::ClientContext context_;
  std::vector<grpc::ByteBuffer> messages_;
  size_t next_ = 0;
  grpc::ByteBuffer reply_;
  int replies_ = 0;
  std::promise<grpc::Status> done_;
};

class AnyRequestTest : public ::testing::Test {
 protected:
  AnyRequestTest() {
    google::protobuf::SetLogHandler(nullptr);  // Of text that is not UTF-8 it would tell twice.
    const std::string file = dir_.path() + "/admin";
    std::ofstream(file) << secret_ << "\n";
    chmod(file.c_str(), 0600);
    broker::ServerOptions options = testing::TestServerOptions();
    options.admin_secret_file = file;
    server_ = std::make_unique<TestServer>(std::move(options));
    stub_ = std::make_unique<grpc::GenericStub>(server_->channel());
  }

  // What a status says without our words comes from gRPC: of a message that is none, of a call that was cut.
  void Judge(const AnyCall& call, const grpc::Status& status) {
    ++ended_[status.error_code()];
    const std::string code = testing::OutcomeOf(status, call.context()).code();
    switch (status.error_code()) {
      case grpc::StatusCode::OK:
      case grpc::StatusCode::CANCELLED:
        return;
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        EXPECT_TRUE(Streams(call.method())) << call.method().full_name() << " was not answered";
        return;
      case grpc::StatusCode::INTERNAL:
        EXPECT_EQ(code, "") << call.method().full_name() << ": " << status.error_message();
        return;
      case grpc::StatusCode::UNAVAILABLE:
        // A trim may overtake a read; it may be tried again.
        if (code == "STORE_UNAVAILABLE" && absl::StrContains(status.error_message(), "overtook")) return;
        [[fallthrough]];
      case grpc::StatusCode::DATA_LOSS:
        ADD_FAILURE() << call.method().full_name() << ": " << status.error_message();
        return;
      default:
        EXPECT_NE(status.error_message(), "") << call.method().full_name();
        // Photon's services speak as its SDK knows it.
        if (absl::StartsWith(call.method().full_name(), "playhead.")) {
          EXPECT_NE(code, "") << call.method().full_name() << ": " << status.error_message();
        }
    }
  }

  const TempDir dir_;
  const std::string secret_ = "the-administrator-of-a-test-of-any-request";
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<grpc::GenericStub> stub_;
  std::map<grpc::StatusCode, int> ended_;
};

TEST_F(AnyRequestTest, EveryCallEndsAndTheBrokerServesOn) {
  Random random(testing::TestSeed());
  MessageMaker maker(random);
  const auto methods = AllMethods();
  ASSERT_GT(methods.size(), 50u);
  const int calls_of_each = kCallsOfEach * (testing::Soak() ? kSoakFactor : 1);
  std::vector<const MethodDescriptor*> order;
  for (int i = 0; i < calls_of_each; ++i) order.insert(order.end(), methods.begin(), methods.end());
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  for (size_t begin = 0; begin < order.size(); begin += kCallsAtOnce) {
    std::vector<std::unique_ptr<AnyCall>> calls;
    for (size_t i = begin; i < std::min(begin + kCallsAtOnce, order.size()); ++i) {
      const MethodDescriptor& method = *order[i];
      std::vector<std::string> messages(method.client_streaming() ? random.Below(5) : 1);
      for (std::string& message : messages) message = maker.Make(*method.input_type());
      calls.push_back(std::make_unique<AnyCall>(*stub_, method, secret_, messages));
    }
    for (const auto& call : calls) Judge(*call, call->Await());
  }
  std::cout << methods.size() << " methods, " << order.size() << " calls;";
  for (const auto& [code, count] : ended_) std::cout << " " << count << " of status " << code;
  std::cout << std::endl;
  EXPECT_GT(ended_[grpc::StatusCode::OK], 0);
  EXPECT_GT(ended_[grpc::StatusCode::INVALID_ARGUMENT], 0);
  testing::KeyClient client(server_->channel(), secret_);
  std::vector<std::string> names;
  EXPECT_TRUE(client.List(names).ok());
}

}  // namespace
}  // namespace playhead
