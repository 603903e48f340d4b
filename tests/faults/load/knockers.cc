#include "tests/faults/load/knockers.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/consumers.grpc.pb.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/load/photon_readers.h"
#include "tests/integration/photon_client.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/consume_session.h"
#include "tests/support/event_source.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {
namespace {

constexpr std::chrono::seconds kTimeout(60);
constexpr uint16_t kTryAgainLater = 1013;  // A WebSocket close code.

// What all knockers over gRPC share.
struct GrpcTarget {
  explicit GrpcTarget(const std::string& address)
      : endpoint(*GrpcEndpoint::Create({.target = address})),
        channel(endpoint.NewChannel()),
        events(v1::EventLog::NewStub(channel)),
        consumers(v1::Consumers::NewStub(channel)) {}

  const GrpcEndpoint endpoint;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::EventLog::Stub> events;
  const std::unique_ptr<v1::Consumers::Stub> consumers;
};

// Opens a stream of `Response`s with `open(context)`. The first response means that the stream was accepted.
template <typename Response, typename Open>
void KnockGrpc(const GrpcTarget& target, Tally& tally, Open open) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  tally.NoteOffered(0);
  const auto stream = open(context);
  Response response;
  const bool let_in = stream->Read(&response);
  if (let_in) {
    tally.NoteTaken(0);
    context.TryCancel();
  }
  const grpc::Status status = stream->Finish();
  if (!let_in) tally.NoteRefused(target.endpoint.ToStatus(status, context));
}

void KnockSubscribe(const GrpcTarget& target, const std::string& instance, Tally& tally) {
  v1::SubscribeRequest request;
  request.set_instance(instance);
  request.mutable_start()->mutable_now();
  KnockGrpc<v1::SubscribeResponse>(
      target, tally, [&](grpc::ClientContext& context) { return target.events->Subscribe(&context, request); });
}

void KnockSubscribeMany(const GrpcTarget& target, const std::string& instance, Tally& tally) {
  v1::SubscribeManyRequest request;
  request.mutable_instances()->set_prefix(instance);
  request.mutable_now();
  KnockGrpc<v1::SubscribeManyResponse>(
      target, tally, [&](grpc::ClientContext& context) { return target.events->SubscribeMany(&context, request); });
}

void KnockConsume(const GrpcTarget& target, const std::string& instance, Tally& tally) {
  v1::ConsumeRequest request;
  *request.mutable_open() = OpenOf(ConsumerOf("knocker", instance));
  KnockGrpc<v1::ConsumeResponse>(target, tally, [&](grpc::ClientContext& context) {
    auto stream = target.consumers->Consume(&context);
    stream->Write(request);
    return stream;
  });
}

void KnockAppendStream(const GrpcTarget& target, const std::string& instance, Tally& tally) {
  v1::AppendRequest request;
  request.set_instance(instance);
  request.add_events()->set_type("t");
  KnockGrpc<v1::AppendStreamResponse>(target, tally, [&](grpc::ClientContext& context) {
    auto stream = target.events->AppendStream(&context);
    stream->Write(request);
    return stream;
  });
}

void KnockPhoton(PhotonClient& client, Tally& tally) {
  tally.NoteOffered(0);
  PhotonStream stream = client.Subscribe();
  if (stream.Read()) return tally.NoteTaken(0);
  NoteRefused(stream.Finish(), tally);
}

void KnockEventSource(const std::string& address, const std::string& instance, Tally& tally) {
  tally.NoteOffered(0);
  EventSource source(address, absl::StrCat("/v1/instances/", instance, "/events?from=now"));
  if (source.response().status != 200) return tally.NoteRefused(source.response());
  const std::optional<EventSource::Event> event = source.Next();
  if (event && event->name == "start") return tally.NoteTaken(0);
  if (!event || event->name != "error" || !absl::StrContains(event->data, R"("code":"STREAMS_LIMIT")")) {
    return tally.NoteWrong(event ? event->data : "the stream ended without a word");
  }
  tally.NoteRefused("STREAMS_LIMIT", absl::StrContains(event->data, R"("retryable":true)"));
}

void KnockVZaps(const std::string& address, const VZapsRequest& request, Tally& tally) {
  tally.NoteOffered(0);
  const VZapsConnection connection(address, request);
  if (connection.answer().status == 101) return tally.NoteTaken(0);
  tally.NoteRefused(connection.answer());
}

// Checks the first frame of a WebSocket: a text if it was accepted, or a close with the code "try again later".
void NoteFirstFrame(const Frame& frame, Tally& tally) {
  if (!frame.ended && frame.opcode == Opcode::kText) return tally.NoteTaken(0);
  if (frame.ended || frame.opcode != Opcode::kClose || frame.close_code() != kTryAgainLater) {
    return tally.NoteWrong(absl::StrCat("a frame of the kind ", static_cast<int>(frame.opcode), " with the code ",
                                        frame.close_code(), frame.ended ? ", and the end" : ""));
  }
  tally.NoteRefusedAs("close 1013");
}

void KnockMultiWa(const std::string& address, Tally& tally) {
  tally.NoteOffered(0);
  RawWebSocket socket(address);
  const HttpResponse answer = socket.Connect("/ws?apiKey=any");
  if (answer.status != 101) return tally.NoteRefused(answer);
  NoteFirstFrame(socket.ReceiveMessage(), tally);
}

void KnockSocketIo(const std::string& address, const std::string& instance, Tally& tally) {
  tally.NoteOffered(0);
  RawWebSocket socket(address);
  const HttpResponse answer = socket.Connect("/socket.io/?EIO=4&transport=websocket");
  if (answer.status != 101) return tally.NoteRefused(answer);
  socket.ReceiveMessage();  // The handshake of Engine.IO.
  socket.SendText(absl::StrCat(R"(40{"token":")", instance, R"("})"));
  NoteFirstFrame(socket.ReceiveMessage(), tally);
}

// Opens more connections at once than are allowed, and closes them again.
void KnockHttp(const std::string& address, Tally& tally) {
  constexpr int kAtOnce = 50;
  std::vector<std::unique_ptr<HttpConnection>> connections;
  for (int i = 0; i < kAtOnce; ++i) {
    tally.NoteOffered(0);
    connections.push_back(std::make_unique<HttpConnection>(address));
  }
  for (const auto& connection : connections) {
    const HttpResponse response = connection->Get("/healthz");
    if (response.status == 200) {
      tally.NoteTaken(0);
    } else if (response.status == 0) {
      tally.NoteRefusedAs("closed");  // With so many, some are closed without an answer.
    } else {
      tally.NoteRefused(response);
    }
  }
}

}  // namespace

std::vector<Knocker> KnockersOfEveryKind(const std::string& grpc_address, const std::string& http_address,
                                         const std::string& instance) {
  std::vector<Knocker> knockers;
  const auto add = [&knockers](const char* what, auto knock) {
    auto tally = std::make_unique<Tally>(what);
    Tally& noted = *tally;
    knockers.push_back({std::move(tally), [knock = std::move(knock), &noted] { knock(noted); }});
  };
  const auto target = std::make_shared<GrpcTarget>(grpc_address);
  add("more Subscribe", [=](Tally& tally) { KnockSubscribe(*target, instance, tally); });
  add("more SubscribeMany", [=](Tally& tally) { KnockSubscribeMany(*target, instance, tally); });
  add("more Consume", [=](Tally& tally) { KnockConsume(*target, instance, tally); });
  add("more AppendStream", [=](Tally& tally) { KnockAppendStream(*target, instance, tally); });
  PhotonCredentials credentials;
  credentials.phone_number_id = instance;
  const auto photon = std::make_shared<PhotonClient>(grpc_address, credentials);
  add("more Photon", [=](Tally& tally) { KnockPhoton(*photon, tally); });
  add("more server-sent events", [=](Tally& tally) { KnockEventSource(http_address, instance, tally); });
  const VZapsRequest vzaps = VZapsRequestOf(http_address, "knocker", instance);
  add("more VZaps", [=](Tally& tally) { KnockVZaps(http_address, vzaps, tally); });
  add("more MultiWA", [=](Tally& tally) { KnockMultiWa(http_address, tally); });
  add("more Socket.IO", [=](Tally& tally) { KnockSocketIo(http_address, instance, tally); });
  add("more HTTP connections", [=](Tally& tally) { KnockHttp(http_address, tally); });
  return knockers;
}

StreamFiller::StreamFiller(const std::string& grpc_address, const std::string& instance)
    : stub_(v1::EventLog::NewStub(GrpcEndpoint::Create({.target = grpc_address})->NewChannel())) {
  v1::SubscribeRequest request;
  request.set_instance(instance);
  request.mutable_start()->mutable_now();
  v1::SubscribeResponse response;
  do {
    contexts_.push_back(std::make_unique<grpc::ClientContext>());
    streams_.push_back(stub_->Subscribe(contexts_.back().get(), request));
  } while (streams_.back()->Read(&response));
}

StreamFiller::~StreamFiller() {
  for (const auto& context : contexts_) context->TryCancel();
  for (const auto& stream : streams_) stream->Finish();
}

}  // namespace playhead::testing
