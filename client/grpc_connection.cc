#include "client/grpc_connection.h"

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/grpc_endpoint.h"
#include "client/internal/grpc_bytes.h"
#include "client/internal/grpc_streams.h"
#include "client/internal/reaper.h"
#include "playhead/v1/event_log.grpc.pb.h"

namespace playhead {
namespace {

class GrpcConnection : public Connection {
 public:
  explicit GrpcConnection(GrpcEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  absl::StatusOr<v1::AppendResponse> Append(const v1::AppendRequest& request, absl::Time deadline) override {
    return Call<v1::AppendResponse>(&v1::EventLog::Stub::Append, request, deadline);
  }

  absl::StatusOr<SharedBytes> FetchMissed(const v1::FetchMissedRequest& request, absl::Time deadline) override {
    grpc::ClientContext context;
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
    endpoint_.Prepare(context);
    // Raw bytes in both directions, without building messages: a reply has up to 10,000 events. Waits on the calling
    // thread.
    const std::shared_ptr<ChannelStubs> stubs = Stubs();
    grpc::CompletionQueue queue;
    auto call =
        stubs->generic.PrepareUnaryCall(&context, "/playhead.v1.EventLog/FetchMissed",
                                        internal::ToByteBuffer(SharedBytes::Of(request.SerializeAsString())), &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, this);
    void* tag;
    bool ok;
    queue.Next(&tag, &ok);
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
    if (!status.ok()) return endpoint_.ToStatus(status, context);
    return internal::FromByteBuffer(response);
  }

  absl::StatusOr<v1::Instance> GetInstance(const v1::GetInstanceRequest& request, absl::Time deadline) override {
    return Call<v1::Instance>(&v1::EventLog::Stub::GetInstance, request, deadline);
  }

  absl::StatusOr<v1::ListInstancesResponse> ListInstances(const v1::ListInstancesRequest& request,
                                                          absl::Time deadline) override {
    return Call<v1::ListInstancesResponse>(&v1::EventLog::Stub::ListInstances, request, deadline);
  }

  absl::Status DeleteInstance(const v1::DeleteInstanceRequest& request, absl::Time deadline) override {
    return Call<v1::DeleteInstanceResponse>(&v1::EventLog::Stub::DeleteInstance, request, deadline).status();
  }

  std::shared_ptr<SubscribeCall> Subscribe(const v1::SubscribeRequest& request,
                                           std::shared_ptr<SubscribeObserver> observer) override {
    return internal::StartSubscribe(Stubs()->generic, endpoint_, "/playhead.v1.EventLog/Subscribe", request,
                                    std::move(observer));
  }

  std::shared_ptr<SubscribeCall> SubscribeMany(const v1::SubscribeManyRequest& request,
                                               std::shared_ptr<SubscribeObserver> observer) override {
    return internal::StartSubscribe(Stubs()->generic, endpoint_, "/playhead.v1.EventLog/SubscribeMany", request,
                                    std::move(observer));
  }

  std::shared_ptr<AppendCall> AppendStream(std::shared_ptr<AppendObserver> observer) override {
    return internal::StartAppendStream(Stubs()->generic, endpoint_, std::move(observer));
  }

  std::shared_ptr<ConsumeCall> Consume(std::shared_ptr<ConsumeObserver> observer) override {
    return internal::StartConsume(Stubs()->generic, endpoint_, std::move(observer));
  }

 private:
  struct ChannelStubs {
    explicit ChannelStubs(std::shared_ptr<grpc::Channel> channel_in)
        : channel(std::move(channel_in)), typed(channel), generic(channel) {}
    const std::shared_ptr<grpc::Channel> channel;
    v1::EventLog::Stub typed;
    grpc::GenericStub generic;
  };

  // The channel for the next attempt at a call: a new one if the last failed to connect. Calls in flight keep their old
  // channel alive.
  std::shared_ptr<ChannelStubs> Stubs() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (stubs_ == nullptr || stubs_->channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      stubs_ = internal::MakeReaped<ChannelStubs>(endpoint_.NewChannel());
    }
    return stubs_;
  }

  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(Method method, const Request& request, absl::Time deadline) {
    const std::shared_ptr<ChannelStubs> stubs = Stubs();
    return endpoint_.Call<Response>(stubs->typed, method, request, deadline);
  }

  const GrpcEndpoint endpoint_;

  absl::Mutex mu_;
  std::shared_ptr<ChannelStubs> stubs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> NewGrpcConnection(const ClientOptions& options) {
  absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(options);
  if (!endpoint.ok()) return endpoint.status();
  return std::make_shared<GrpcConnection>(*std::move(endpoint));
}

}  // namespace playhead
