#include "broker/dialects/photon/services.h"

#include "absl/strings/str_cat.h"
#include "broker/byte_budget.h"
#include "broker/dialects/photon/continuations.h"
#include "broker/dialects/photon/dialect.h"
#include "broker/dialects/photon/fetch_call.h"
#include "broker/dialects/photon/get_url_call.h"
#include "broker/dialects/photon/subscribe_stream.h"
#include "broker/dialects/photon/unary_call.h"
#include "broker/metrics/metrics.h"
#include "photon/whatsapp/v1/media_service.grpc.pb.h"
#include "photon/whatsapp/v1/message_service.grpc.pb.h"
#include "proto/errors.h"

namespace playhead::broker::photon {
namespace {

using ::photon::whatsapp::v1::MediaService;
using ::photon::whatsapp::v1::MessageService;

using RawMessageService = MessageService::WithRawCallbackMethod_SendMessage<
    MessageService::WithRawCallbackMethod_MarkRead<MessageService::WithRawCallbackMethod_SubscribeEvents<
        MessageService::WithRawCallbackMethod_FetchMissedEvents<MessageService::Service>>>>;
using RawMediaService = MediaService::WithRawCallbackMethod_Upload<
    MediaService::WithRawCallbackMethod_GetUrl<MediaService::WithRawCallbackMethod_Delete<MediaService::Service>>>;

// `method` must be a literal.
grpc::ServerUnaryReactor* RefuseAsNotServed(const char* method, grpc::CallbackServerContext& context,
                                            grpc::ByteBuffer& response) {
  auto* const call = new UnaryCall(method, context, response);
  call->Refuse(
      MakeError(Reason::kNotServed, absl::StrCat(method,
                                                 " is not served: Playhead carries what WhatsApp sends you; send with "
                                                 "WhatsApp's own API")));
  return call;
}

class MessageCalls final : public RawMessageService {
 public:
  explicit MessageCalls(const Dialect& dialect) : dialect_(dialect) {}

  grpc::ServerUnaryReactor* SendMessage(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                        grpc::ByteBuffer* response) override {
    return RefuseAsNotServed("SendMessage", *context, *response);
  }

  grpc::ServerUnaryReactor* MarkRead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                     grpc::ByteBuffer* response) override {
    return RefuseAsNotServed("MarkRead", *context, *response);
  }

  grpc::ServerWriteReactor<grpc::ByteBuffer>* SubscribeEvents(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request) override {
    return StartSubscribeStream(dialect_, *context, *request);
  }

  grpc::ServerUnaryReactor* FetchMissedEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override {
    return StartFetchCall(dialect_, *context, *request, *response);
  }

 private:
  const Dialect& dialect_;
};

class MediaCalls final : public RawMediaService {
 public:
  explicit MediaCalls(const Dialect& dialect) : dialect_(dialect) {}

  grpc::ServerUnaryReactor* Upload(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                   grpc::ByteBuffer* response) override {
    return RefuseAsNotServed("Upload", *context, *response);
  }

  grpc::ServerUnaryReactor* GetUrl(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return StartGetUrlCall(dialect_, *context, *request, *response);
  }

  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                   grpc::ByteBuffer* response) override {
    return RefuseAsNotServed("Delete", *context, *response);
  }

 private:
  const Dialect& dialect_;
};

}  // namespace

struct Services::State {
  State(const Core& core_in, const Options& options_in, StalledCalls& stalled_calls, AppSecrets* app_secrets_in)
      : core(core_in),
        options(options_in),
        figures(core.metrics.OfDialect("photon")),
        app_secrets(app_secrets_in),
        reply_budget(options.reply_budget_bytes, core.executor),
        dialect{core, options, figures, continuations, stalled_calls, app_secrets, reply_budget} {}

  // Each member borrows only from those before it.
  const Core core;
  const Options options;
  const Metrics::Dialect figures;
  AppSecrets* const app_secrets;
  ByteBudget reply_budget;
  Continuations continuations{Continuations::Options()};
  const Dialect dialect;
  MessageCalls messages{dialect};
  MediaCalls media{dialect};
};

Services::Services(const Core& core, const Options& options, StalledCalls& stalled_calls, AppSecrets* app_secrets)
    : state_(std::make_unique<State>(core, options, stalled_calls, app_secrets)) {}
Services::~Services() = default;

std::vector<grpc::Service*> Services::grpc_services() { return {&state_->messages, &state_->media}; }

}  // namespace playhead::broker::photon
