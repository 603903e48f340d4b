#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "proto/event_wire.h"
#include "tools/bench/raw_limits.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

constexpr size_t kMessageBytes = 512 << 10;

struct Message {
  grpc::ByteBuffer buffer;
  uint64_t events = 0;
  uint64_t payload_bytes = 0;
};

// One message that is sent repeatedly: its slices are shared, as the broker shares its blocks.
Message MakeMessage(const Corpus& corpus) {
  Message message;
  std::string bytes;
  while (bytes.size() < kMessageBytes) {
    message.payload_bytes += corpus.AppendEvents(message.events, 1, kEventsTag, bytes);
    ++message.events;
  }
  const grpc::Slice slice(bytes);
  message.buffer = grpc::ByteBuffer(&slice, 1);
  return message;
}

class Sender : public grpc::ServerGenericBidiReactor {
 public:
  Sender(const Message* message, uint64_t count) : message_(message), left_(count) { Next(); }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_-- == 0) {
      Finish(grpc::Status::OK);
      return;
    }
    // A write consumes its buffer's slices.
    buffer_ = message_->buffer;
    StartWrite(&buffer_);
  }

  const Message* const message_;
  uint64_t left_;
  grpc::ByteBuffer buffer_;
};

class SendingService : public grpc::CallbackGenericService {
 public:
  SendingService(const Message* message, uint64_t count) : message_(message), count_(count) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* /*context*/) override {
    return new Sender(message_, count_);  // Deletes itself in OnDone.
  }

 private:
  const Message* const message_;
  const uint64_t count_;
};

class Receiver : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  void Begin() {
    StartRead(&buffer_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++messages_;
    buffer_.Clear();
    StartRead(&buffer_);
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    done_.Notify();
  }

  // The number of messages received.
  absl::StatusOr<uint64_t> Wait() {
    done_.WaitForNotification();
    if (!status_.ok()) return FailedError(absl::StrCat("gRPC: ", status_.error_message()));
    return messages_;
  }

 private:
  grpc::ByteBuffer buffer_;
  uint64_t messages_ = 0;
  grpc::Status status_;
  absl::Notification done_;
};

}  // namespace

absl::StatusOr<RawThroughput> MeasureGrpcStream(const Corpus& corpus, uint64_t events) {
  const Message message = MakeMessage(corpus);
  SendingService service(&message, events / message.events + 1);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return FailedError("cannot start a gRPC server on loopback");
  grpc::GenericStub stub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));

  grpc::ClientContext context;
  Receiver receiver;
  const absl::Time start = absl::Now();
  stub.PrepareBidiStreamingCall(&context, "/playhead.bench/Stream", grpc::StubOptions(), &receiver);
  receiver.Begin();
  const absl::StatusOr<uint64_t> messages = receiver.Wait();
  const absl::Duration elapsed = absl::Now() - start;
  server->Shutdown();
  if (!messages.ok()) return messages.status();
  return RawThroughput{
      .events = *messages * message.events, .payload_bytes = *messages * message.payload_bytes, .elapsed = elapsed};
}

}  // namespace playhead::tools
