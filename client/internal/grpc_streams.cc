#include "client/internal/grpc_streams.h"

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/internal/grpc_bytes.h"
#include "client/internal/reaper.h"

namespace playhead::internal {
namespace {

using Reactor = grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

// What all streams share. gRPC calls OnDone only when no operation is pending and no hold is left, and forbids
// operations after that. Start() takes a hold, which permits operations from outside a reaction, and SetOver() removes
// it. The object keeps itself alive until OnDone.
class StreamCall : public Reactor {
 public:
  explicit StreamCall(const GrpcEndpoint& endpoint) : endpoint_(endpoint) {}
  ~StreamCall() override = default;

 protected:
  // Prepares the call. The caller then starts the first operations, if any, and the call.
  void Start(grpc::GenericStub& stub, const std::string& method, std::shared_ptr<StreamCall> self) {
    self_ = std::move(self);
    endpoint_.Prepare(context_);
    stub.PrepareBidiStreamingCall(&context_, method, {}, this);
    AddHold();
  }

  // Runs `start_operation` unless SetOver() was called.
  template <typename StartOperation>
  void Operate(StartOperation start_operation) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      if (over_) return;
      ++operating_;
    }
    start_operation();
    bool release;
    {
      absl::MutexLock lock(&mu_);
      --operating_;
      release = ReleaseNow();
    }
    if (release) RemoveHold();
  }

  // Notes that no more operations will be started.
  void SetOver() ABSL_LOCKS_EXCLUDED(mu_) {
    bool release;
    {
      absl::MutexLock lock(&mu_);
      over_ = true;
      release = ReleaseNow();
    }
    if (release) RemoveHold();
  }

  void CancelCall() {
    context_.TryCancel();
    SetOver();
  }

  absl::Status EndStatus(const grpc::Status& status) const { return endpoint_.ToStatus(status, context_); }

  std::shared_ptr<StreamCall> TakeSelf() { return std::move(self_); }

 private:
  bool ReleaseNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!over_ || operating_ > 0 || released_) return false;
    released_ = true;
    return true;
  }

  const GrpcEndpoint endpoint_;
  grpc::ClientContext context_;
  std::shared_ptr<StreamCall> self_;
  absl::Mutex mu_;
  bool over_ ABSL_GUARDED_BY(mu_) = false;
  int operating_ ABSL_GUARDED_BY(mu_) = 0;  // Operations being started right now.
  bool released_ ABSL_GUARDED_BY(mu_) = false;
};

class GrpcSubscribeCall final : public StreamCall, public SubscribeCall {
 public:
  GrpcSubscribeCall(const GrpcEndpoint& endpoint, std::shared_ptr<SubscribeObserver> observer)
      : StreamCall(endpoint), observer_(std::move(observer)) {}

  void Begin(grpc::GenericStub& stub, const std::string& method, const google::protobuf::MessageLite& request,
             std::shared_ptr<GrpcSubscribeCall> self) {
    request_ = ToByteBuffer(SharedBytes::Of(request.SerializeAsString()));
    Start(stub, method, std::move(self));
    StartWriteLast(&request_, grpc::WriteOptions());
    StartCall();
  }

  void Read() override {
    Operate([this] { StartRead(&response_); });
  }
  void Cancel() override { CancelCall(); }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return SetOver();
    SharedBytes message = FromByteBuffer(response_);
    response_.Clear();
    observer_->OnMessage(std::move(message));
  }

  void OnDone(const grpc::Status& status) override {
    const auto self = TakeSelf();
    const auto observer = std::move(observer_);
    observer->OnDone(EndStatus(status));
  }

  std::shared_ptr<SubscribeObserver> observer_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

class GrpcAppendCall final : public StreamCall, public AppendCall {
 public:
  GrpcAppendCall(const GrpcEndpoint& endpoint, std::shared_ptr<AppendObserver> observer)
      : StreamCall(endpoint), observer_(std::move(observer)) {}

  void Begin(grpc::GenericStub& stub, std::shared_ptr<GrpcAppendCall> self) {
    Start(stub, "/playhead.v1.EventLog/AppendStream", std::move(self));
    StartRead(&response_);
    StartCall();
  }

  void Write(SharedBytes request) override {
    Operate([this, &request] {
      request_ = ToByteBuffer(std::move(request));
      StartWrite(&request_);
    });
  }
  void WritesDone() override {
    Operate([this] { StartWritesDone(); });
  }
  void Cancel() override { CancelCall(); }

 private:
  void OnWriteDone(bool ok) override {
    request_.Clear();
    if (ok) observer_->OnWritten();  // If not, the stream is over and the failing read says so.
  }

  void OnReadDone(bool ok) override {
    if (!ok) return SetOver();
    v1::AppendStreamResponse reply;
    const SharedBytes bytes = FromByteBuffer(response_);
    response_.Clear();
    if (!reply.ParseFromArray(bytes.view.data(), static_cast<int>(bytes.view.size()))) return CancelCall();
    observer_->OnReply(std::move(reply));
    StartRead(&response_);  // Only now, so that replies are handed on one at a time.
  }

  void OnDone(const grpc::Status& status) override {
    const auto self = TakeSelf();
    const auto observer = std::move(observer_);
    observer->OnDone(EndStatus(status));
  }

  std::shared_ptr<AppendObserver> observer_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

class GrpcConsumeCall final : public StreamCall, public ConsumeCall {
 public:
  GrpcConsumeCall(const GrpcEndpoint& endpoint, std::shared_ptr<ConsumeObserver> observer)
      : StreamCall(endpoint), observer_(std::move(observer)) {}

  void Begin(grpc::GenericStub& stub, std::shared_ptr<GrpcConsumeCall> self) {
    Start(stub, "/playhead.v1.Consumers/Consume", std::move(self));
    StartCall();
  }

  void Read() override {
    Operate([this] { StartRead(&response_); });
  }
  void Write(SharedBytes request) override {
    Operate([this, &request] {
      request_ = ToByteBuffer(std::move(request));
      StartWrite(&request_);
    });
  }
  void Cancel() override { CancelCall(); }

 private:
  void OnWriteDone(bool ok) override {
    request_.Clear();
    if (ok) observer_->OnWritten();  // If not, the stream is over and the failing read says so.
  }

  void OnReadDone(bool ok) override {
    if (!ok) return SetOver();
    SharedBytes message = FromByteBuffer(response_);
    response_.Clear();
    observer_->OnMessage(std::move(message));
  }

  void OnDone(const grpc::Status& status) override {
    const auto self = TakeSelf();
    const auto observer = std::move(observer_);
    observer->OnDone(EndStatus(status));
  }

  std::shared_ptr<ConsumeObserver> observer_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

std::shared_ptr<SubscribeCall> StartSubscribe(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                              const std::string& method, const google::protobuf::MessageLite& request,
                                              std::shared_ptr<SubscribeObserver> observer) {
  auto call = MakeReaped<GrpcSubscribeCall>(endpoint, std::move(observer));
  call->Begin(stub, method, request, call);
  return call;
}

std::shared_ptr<AppendCall> StartAppendStream(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                              std::shared_ptr<AppendObserver> observer) {
  auto call = MakeReaped<GrpcAppendCall>(endpoint, std::move(observer));
  call->Begin(stub, call);
  return call;
}

std::shared_ptr<ConsumeCall> StartConsume(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                          std::shared_ptr<ConsumeObserver> observer) {
  auto call = MakeReaped<GrpcConsumeCall>(endpoint, std::move(observer));
  call->Begin(stub, call);
  return call;
}

}  // namespace playhead::internal
