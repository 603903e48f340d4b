#include "tests/integration/secrets/credential_uses.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/integration/photon_client.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {
namespace {

std::string Said(const HttpResponse& response) {
  std::string text = absl::StrCat(response.status, "\n", response.body);
  for (const auto& [name, value] : response.headers) absl::StrAppend(&text, "\n", name, ": ", value);
  return text;
}

template <typename Outcome>
std::string Said(const Outcome& outcome) {
  std::string text = absl::StrCat(outcome.status.error_message(), "\n", outcome.status.error_details());
  for (const auto& [name, value] : outcome.trailers) absl::StrAppend(&text, "\n", name, ": ", value);
  return text;
}

// A header line: `before`, then the credential.
CredentialUse Header(const std::string& path, const std::string& before) {
  return [path, before](const BrokerAddresses& broker, const std::string& credential) {
    return Said(HttpConnection(broker.http).Get(path, absl::StrCat(before, credential, "\r\n")));
  };
}

// A request target: `before`, then the credential.
CredentialUse Target(const std::string& before) {
  return [before](const BrokerAddresses& broker, const std::string& credential) {
    return Said(HttpConnection(broker.http).Get(absl::StrCat(before, credential)));
  };
}

// A body: the credential between `before` and `after`.
CredentialUse Body(const std::string& path, const std::string& before, const std::string& after) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    return Said(HttpConnection(broker.http)
                    .Call("POST", path, "Content-Type: application/json\r\n", absl::StrCat(before, credential, after)));
  };
}

CredentialUse VZaps(VZapsRequest::Credentials place, bool as_access_token) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    VZapsRequest request = {
        .access_token = "some-token", .client_token = "k0", .instance_token = "some-token", .credentials = place};
    (as_access_token ? request.access_token : request.instance_token) = credential;
    return Said(VZapsConnection(broker.http, request).answer());
  };
}

// A WebSocket of MultiWA.
CredentialUse MultiWa(const std::string& before_in_target, const std::string& before_in_header) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    RawWebSocket socket(broker.http);
    const HttpResponse answer =
        socket.Connect(before_in_target.empty() ? "/ws" : absl::StrCat("/ws?", before_in_target, credential),
                       before_in_header.empty() ? "" : absl::StrCat(before_in_header, credential, "\r\n"));
    std::string said = Said(answer);
    if (answer.status != 101) return said;
    absl::StrAppend(&said, socket.ReceiveMessage().payload);
    // Where it does not belong.
    for (const char* type : {"subscribe", "login"}) {
      socket.SendText(absl::StrCat(R"({"type":")", type, R"(","apiKey":")", credential, R"("})"));
      absl::StrAppend(&said, socket.ReceiveMessage().payload);
    }
    return said;
  };
}

// A connection to a namespace of Socket.IO; its `auth` is the credential between `before` and `after`.
CredentialUse SocketIo(const std::string& name_space, const std::string& before, const std::string& after) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    RawWebSocket socket(broker.http);
    std::string said = Said(socket.Connect("/socket.io/?EIO=4&transport=websocket"));
    absl::StrAppend(&said, socket.ReceiveMessage().payload);
    socket.SendText(absl::StrCat("40", name_space, ",", before, credential, after));
    Frame frame;
    do {
      frame = socket.ReceiveMessage();
      absl::StrAppend(&said, frame.payload);
      if (frame.payload == "2") socket.SendText("3");  // A ping.
    } while (!frame.ended && frame.opcode != Opcode::kClose && !absl::StartsWith(frame.payload, "4"));
    return said;
  };
}

std::shared_ptr<grpc::Channel> ChannelTo(const BrokerAddresses& broker) {
  return grpc::CreateChannel(broker.grpc, grpc::InsecureChannelCredentials());
}

CredentialUse Metadata(const std::string& key, const std::string& before) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    const auto stub = v1::EventLog::NewStub(ChannelTo(broker));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    context.AddMetadata(key, absl::StrCat(before, credential));
    v1::FetchMissedRequest request;
    request.set_instance("device");
    request.mutable_start()->mutable_beginning();
    v1::FetchMissedResponse response;
    const grpc::Status status = stub->FetchMissed(&context, request, &response);
    return Said(OutcomeOf(status, context));
  };
}

std::string EveryNativeCall(const BrokerAddresses& broker, const std::string& credential) {
  KeyClient client(ChannelTo(broker), credential);
  std::vector<std::string> names;
  std::string said;
  for (const CallOutcome& outcome : {client.Append("device"), client.AppendStream("device"), client.Get("device"),
                                     client.Subscribe("device"), client.List(names)}) {
    absl::StrAppend(&said, Said(outcome), "\n");
  }
  return said;
}

CredentialUse Photon(bool as_app_secret) {
  return [=](const BrokerAddresses& broker, const std::string& credential) {
    PhotonCredentials credentials = {.phone_number_id = "device"};
    (as_app_secret ? credentials.app_secret : credentials.access_token) = credential;
    return Said(PhotonClient(broker.grpc, credentials).Fetch("").outcome);
  };
}

}  // namespace

std::vector<CredentialUse> CredentialUses() {
  std::vector<CredentialUse> uses = {
      // The JSON API, the metrics, and paths that do not exist.
      Target("/v1/instances/device/events?after=0&access_token="),
      Target("/v1/instances?access_token="),
      Target("/v1/instances?page_token="),
      Target("/metrics?access_token="),
      Target("/nowhere?apiKey="),
      Target("/%zz?apiKey="),
      Body("/v1/access_tokens", R"({"instances":")", R"("})"),
      Body("/v1/access_tokens", R"({"instances":"device","secret":)", ""),
      Body("/v1/instances/device/events", R"({"secret":")", R"("})"),
      // Webhooks.
      Target("/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token="),
      Header("/webhook", "X-Hub-Signature-256: sha256="),
      Body("/webhook", R"({"entry":[{"secret":")", R"("}]})"),
      // VZaps.
      Body("/token", R"({"client_token":"k000000000000","client_secret":")", R"("})"),
      Body("/token", R"({"client_token":")", R"(","client_secret":"some"})"),
      Body("/token", R"({"client_token":"k000000000000","client_secret":")", ""),
      VZaps(VZapsRequest::Credentials::kHeaders, /*as_access_token=*/false),
      VZaps(VZapsRequest::Credentials::kQuery, /*as_access_token=*/false),
      VZaps(VZapsRequest::Credentials::kHeaders, /*as_access_token=*/true),
      VZaps(VZapsRequest::Credentials::kQuery, /*as_access_token=*/true),
      Target("/events/ws?instance_id=device&access_token=some-token&instance_token="),
      // MultiWA.
      MultiWa("apiKey=", ""),
      MultiWa("", "x-api-key: "),
      MultiWa("", "Authorization: Bearer "),
      Target("/ws?apiKey="),
      // Both dialects that use Socket.IO.
      SocketIo("/api/events", R"({"token":")", R"("})"),
      SocketIo("/api/events", R"({"apiKey":")", R"("})"),
      SocketIo("/api/events", R"({"token":[")", R"("]})"),
      SocketIo("/api/events", R"({"token":")", ""),
      SocketIo("/ws", R"({"token":")", R"("})"),
      SocketIo("/ws", R"({"apiKey":")", R"("})"),
      SocketIo("/nowhere", R"({"token":")", R"("})"),
      Target("/socket.io/?EIO=4&transport=polling&token="),
      Target("/socket.io/?EIO=9&transport=carrier-pigeon&apiKey="),
      Target("/socket.io/?EIO=4&transport=polling&sid="),
      // gRPC.
      EveryNativeCall,
      Metadata("authorization", "Basic "),
      Metadata("authorization", ""),
      Metadata("x-api-key", ""),
      Metadata("access_token", ""),
      Photon(/*as_app_secret=*/false),
      Photon(/*as_app_secret=*/true),
  };
  for (const char* path : {"/v1/instances", "/metrics", "/nowhere"}) {
    for (const char* header : {"Authorization: Bearer ", "Authorization: Basic ",
                               "Authorization: ", "X-API-Key: ", "Cookie: session=", "X-Other: "}) {
      uses.push_back(Header(path, header));
    }
  }
  return uses;
}

std::vector<std::string> FormsOf(const std::string& credential) {
  std::string other = credential;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  return {credential, credential + "A", credential.substr(0, credential.size() - 1), std::move(other)};
}

}  // namespace playhead::testing
