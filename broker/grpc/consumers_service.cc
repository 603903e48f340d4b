#include "broker/grpc/consumers_service.h"

#include "broker/grpc/consume_stream.h"
#include "broker/grpc/consumer_calls.h"
#include "playhead/v1/consumers.grpc.pb.h"

namespace playhead::broker {
namespace {

using Generated = v1::Consumers;
using RawUnary = Generated::WithRawCallbackMethod_CreateConsumer<
    Generated::WithRawCallbackMethod_GetConsumer<Generated::WithRawCallbackMethod_ListConsumers<
        Generated::WithRawCallbackMethod_DeleteConsumer<Generated::WithRawCallbackMethod_ResetConsumer<
            Generated::WithRawCallbackMethod_ListParked<Generated::WithRawCallbackMethod_RequeueParked<
                Generated::WithRawCallbackMethod_DropParked<Generated::Service>>>>>>>>;
using RawService = Generated::WithRawCallbackMethod_Consume<RawUnary>;

class ConsumersService final : public RawService {
 public:
  ConsumersService(const Core& core, ConsumerRegistry& consumers, StalledCalls& stalled_calls)
      : core_(core), consumers_(consumers), stalled_calls_(stalled_calls) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Consume(grpc::CallbackServerContext* context) override {
    return ConsumeStream::Start(core_, consumers_, stalled_calls_, *context);
  }

  grpc::ServerUnaryReactor* CreateConsumer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override {
    return StartCreateConsumer({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* GetConsumer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    return StartGetConsumer({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* ListConsumers(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return StartListConsumers({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* DeleteConsumer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override {
    return StartDeleteConsumer({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* ResetConsumer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return StartResetConsumer({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* ListParked(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override {
    return StartListParked({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* RequeueParked(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return StartRequeueParked({core_, consumers_, *context, *request, *response});
  }
  grpc::ServerUnaryReactor* DropParked(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override {
    return StartDropParked({core_, consumers_, *context, *request, *response});
  }

 private:
  const Core core_;
  ConsumerRegistry& consumers_;
  StalledCalls& stalled_calls_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConsumersService(const Core& core, ConsumerRegistry& consumers,
                                                    StalledCalls& stalled_calls) {
  return std::make_unique<ConsumersService>(core, consumers, stalled_calls);
}

}  // namespace playhead::broker
