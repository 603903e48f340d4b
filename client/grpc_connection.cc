#include "client/grpc_connection.h"

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/internal/grpc_bytes.h"
#include "client/internal/grpc_streams.h"
#include "client/internal/reaper.h"
#include "playhead/v1/event_log.grpc.pb.h"

namespace playhead {
namespace {

// Large frames, because history arrives in messages of half a MiB: every frame is a slice to handle.
constexpr int kFrameBytesMax = 1 << 20;

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

class GrpcConnection : public Connection {
 public:
  explicit GrpcConnection(const ClientOptions& options)
      : target_(options.target),
        credentials_(options.credentials ? options.credentials : grpc::InsecureChannelCredentials()),
        call_metadata_(options.call_metadata) {
    // Every broken channel is replaced (see Stubs), so that attempts follow the client's backoff and not the channel's,
    // which is as good as switched off here; a channel must then not find the broken connection of another by its name.
    arguments_.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments_.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 3'600'000);
    arguments_.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3'600'000);
    arguments_.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.open_timeout));
    arguments_.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments_.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_interval));
    arguments_.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
    arguments_.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  }

  absl::StatusOr<v1::AppendResponse> Append(const v1::AppendRequest& request, absl::Time deadline) override {
    return Call<v1::AppendResponse>(&v1::EventLog::Stub::Append, request, deadline);
  }

  absl::StatusOr<SharedBytes> FetchMissed(const v1::FetchMissedRequest& request, absl::Time deadline) override {
    grpc::ClientContext context;
    if (absl::Status status = Prepare(context, deadline); !status.ok()) return status;
    // Bytes in and out, without messages: a reply has up to 10,000 events. The calling thread does the waiting.
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
    if (!status.ok()) return internal::FromGrpcStatus(status, context);
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
    return internal::StartSubscribe(Stubs()->generic, SetupOfStream(), request, std::move(observer));
  }

  std::shared_ptr<AppendCall> AppendStream(std::shared_ptr<AppendObserver> observer) override {
    return internal::StartAppendStream(Stubs()->generic, SetupOfStream(), std::move(observer));
  }

 private:
  struct ChannelStubs {
    explicit ChannelStubs(std::shared_ptr<grpc::Channel> channel_in)
        : channel(std::move(channel_in)), typed(channel), generic(channel) {}
    const std::shared_ptr<grpc::Channel> channel;
    v1::EventLog::Stub typed;
    grpc::GenericStub generic;
  };

  // The channel for the next attempt at a call: a new one if the last failed to connect. Calls hold what they need of
  // an old one.
  std::shared_ptr<ChannelStubs> Stubs() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (stubs_ == nullptr || stubs_->channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      stubs_ = internal::MakeReaped<ChannelStubs>(grpc::CreateCustomChannel(target_, credentials_, arguments_));
    }
    return stubs_;
  }

  absl::Status Prepare(grpc::ClientContext& context, absl::Time deadline) const {
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
    return AddMetadata(call_metadata_, context);
  }

  static absl::Status AddMetadata(const std::function<absl::StatusOr<CallMetadata>()>& call_metadata,
                                  grpc::ClientContext& context) {
    if (!call_metadata) return absl::OkStatus();
    const absl::StatusOr<CallMetadata> metadata = call_metadata();
    if (!metadata.ok()) return metadata.status();
    for (const auto& [key, value] : *metadata) context.AddMetadata(key, value);
    return absl::OkStatus();
  }

  internal::ContextSetup SetupOfStream() const {
    return
        [call_metadata = call_metadata_](grpc::ClientContext& context) { return AddMetadata(call_metadata, context); };
  }

  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(Method method, const Request& request, absl::Time deadline) {
    grpc::ClientContext context;
    if (absl::Status status = Prepare(context, deadline); !status.ok()) return status;
    const std::shared_ptr<ChannelStubs> stubs = Stubs();
    Response response;
    const grpc::Status status = (stubs->typed.*method)(&context, request, &response);
    if (!status.ok()) return internal::FromGrpcStatus(status, context);
    return response;
  }

  const std::string target_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const std::function<absl::StatusOr<CallMetadata>()> call_metadata_;
  grpc::ChannelArguments arguments_;

  absl::Mutex mu_;
  std::shared_ptr<ChannelStubs> stubs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> NewGrpcConnection(const ClientOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("target is empty: give HOST:PORT");
  for (const absl::Duration duration : {options.open_timeout, options.keepalive_interval, options.keepalive_timeout}) {
    if (duration < absl::Milliseconds(1) || duration > absl::Hours(24)) {
      return absl::InvalidArgumentError(
          "open_timeout, keepalive_interval and keepalive_timeout must be between 1 ms and 24 hours");
    }
  }
  return std::make_shared<GrpcConnection>(options);
}

}  // namespace playhead
