#include "broker/grpc/event_log_service.h"

#include "broker/grpc/append_call.h"
#include "broker/grpc/append_stream.h"
#include "broker/grpc/fetch_call.h"
#include "broker/grpc/instance_calls.h"
#include "broker/grpc/subscribe_many_stream.h"
#include "broker/grpc/subscribe_stream.h"
#include "playhead/v1/event_log.grpc.pb.h"

namespace playhead::broker {
namespace {

using Generated = v1::EventLog;
using RawService = Generated::WithRawCallbackMethod_Append<
    Generated::WithRawCallbackMethod_AppendStream<Generated::WithRawCallbackMethod_FetchMissed<
        Generated::WithRawCallbackMethod_Subscribe<Generated::WithRawCallbackMethod_GetInstance<
            Generated::WithRawCallbackMethod_ListInstances<Generated::WithRawCallbackMethod_DeleteInstance<
                Generated::WithRawCallbackMethod_SubscribeMany<Generated::Service>>>>>>>>;

class EventLogService final : public RawService {
 public:
  EventLogService(const Core& core, InstanceDeletion& deletion, StalledCalls& stalled_calls)
      : core_(core), deletion_(deletion), stalled_calls_(stalled_calls) {}

  grpc::ServerUnaryReactor* Append(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return StartAppendCall(core_, *context, *request, *response);
  }

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AppendStream(
      grpc::CallbackServerContext* context) override {
    return broker::AppendStream::Start(core_, *context);
  }

  grpc::ServerUnaryReactor* FetchMissed(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return StartFetchCall(core_, stalled_calls_, *context, *request, *response);
  }

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override {
    return StartSubscribeStream(core_, stalled_calls_, *context, *request);
  }

  grpc::ServerWriteReactor<grpc::ByteBuffer>* SubscribeMany(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request) override {
    return StartSubscribeManyStream(core_, stalled_calls_, *context, *request);
  }

  grpc::ServerUnaryReactor* GetInstance(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return StartGetInstanceCall(core_, *context, *request, *response);
  }

  grpc::ServerUnaryReactor* ListInstances(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return StartListInstancesCall(core_, *context, *request, *response);
  }

  grpc::ServerUnaryReactor* DeleteInstance(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override {
    return StartDeleteInstanceCall(core_, deletion_, *context, *request, *response);
  }

 private:
  const Core core_;
  InstanceDeletion& deletion_;
  StalledCalls& stalled_calls_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeEventLogService(const Core& core, InstanceDeletion& deletion,
                                                   StalledCalls& stalled_calls) {
  return std::make_unique<EventLogService>(core, deletion, stalled_calls);
}

}  // namespace playhead::broker
