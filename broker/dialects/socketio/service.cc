#include "broker/dialects/socketio/service.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "broker/dialects/socketio/acknowledging_socket.h"
#include "broker/dialects/socketio/recovering_socket.h"
#include "broker/dialects/socketio/stored_session.h"
#include "broker/http/engineio/random_id.h"
#include "broker/http/socketio/json.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/open_instance.h"
#include "proto/errors.h"

namespace playhead::broker::socketio {

using http::socketio::Quoted;

absl::StatusOr<std::unique_ptr<Service>> Service::Make(const Core& core, ConsumerRegistry& consumers,
                                                       SessionStore& sessions, http::socketio::Server& server,
                                                       const Options& options) {
  std::unique_ptr<Service> service(new Service(core, consumers, sessions, server, options));
  if (absl::Status status = service->acked_.Load(); !status.ok()) return status;
  service->left_behind_.Load(sessions, SteadyNow());
  service->ForgetUnnamed();
  service->ArmExpiry();
  // python-socketio joins `/`, whatever the path of the given address is.
  for (const char* const name_space : {"/api/events", "/"}) server.Add(name_space, *service);
  return service;
}

Service::Service(const Core& core, ConsumerRegistry& consumers, SessionStore& sessions,
                 const http::socketio::Server& server, const Options& options)
    : options_(options),
      figures_(core.metrics.OfDialect("socketio")),
      dialect_{core, sessions, options_, figures_, server.options().engine, stopping_},
      acked_(core, consumers, sessions, std::string(kAckedDialect)),
      left_behind_(options.adoption_window, [this](const std::string& key) { Forget(key); }) {}

void Service::Forget(const std::string& key) {
  const auto record = dialect_.sessions.Get(key);
  const auto stored = record ? DecodeSession(record->value) : std::nullopt;
  if (stored && !stored->acked_key.empty()) acked_.Forget(stored->acked_key);
  dialect_.sessions.Remove(key);
}

void Service::ForgetUnnamed() {
  absl::flat_hash_set<std::string> named;
  for (const std::string& key : dialect_.sessions.Keys(absl::StrCat(kSessionDialect, "."))) {
    const auto record = dialect_.sessions.Get(key);
    if (auto stored = record ? DecodeSession(record->value) : std::nullopt) named.insert(std::move(stored->acked_key));
  }
  for (const std::string& key : acked_.Keys()) {
    if (!named.contains(key)) acked_.Forget(key);
  }
}

void Service::ArmExpiry() {
  constexpr auto kInterval = std::chrono::minutes(1);
  dialect_.core.timers.Schedule(SteadyNow() + kInterval, [this] {
    left_behind_.Expire(SteadyNow());
    ArmExpiry();
  });
}

void Service::OnConnect(std::shared_ptr<http::socketio::Socket> socket, std::string payload) {
  ConnectAuth auth = ReadAuth(payload, socket->handshake());
  absl::Status status = dialect_.core.streams.CheckServing();
  if (!status.ok()) return Refuse(socket, status);
  auto credentials = Authenticate(dialect_.core, auth.token);
  if (credentials.ok()) return OpenInstance(std::move(socket), std::move(auth), *std::move(credentials));
  const absl::Duration delay = dialect_.core.auth.RefusalDelay(credentials.status(), auth.token);
  if (delay == absl::ZeroDuration()) return Refuse(socket, credentials.status());
  RefuseAfter(dialect_.core.timers, delay, [this, socket, error = credentials.status()] {
    socket->Run([this, socket, error] { Refuse(socket, error); });
  });
}

void Service::OpenInstance(SocketPtr socket, ConnectAuth auth, Credentials credentials) {
  const std::shared_ptr<Caller> caller = credentials.caller;
  const std::string name = credentials.instance;
  auto on_opened = [this, socket, auth = std::move(auth), credentials = std::move(credentials)](
                       absl::StatusOr<std::shared_ptr<storage::Instance>> instance) mutable {
    socket->Run([this, socket, auth = std::move(auth), credentials = std::move(credentials),
                 instance = std::move(instance)]() mutable {
      if (!instance.ok()) return Refuse(socket, instance.status());
      Accept(socket, auth, std::move(credentials), *std::move(instance));
    });
  };
  broker::OpenInstance(dialect_.core.log, caller.get(), name, std::move(on_opened));
}

void Service::Accept(const SocketPtr& socket, const ConnectAuth& auth, Credentials credentials,
                     std::shared_ptr<storage::Instance> instance) {
  const std::shared_ptr<Caller> caller = credentials.caller;
  std::shared_ptr<EventSocket> handler;
  http::socketio::ConnectReply reply;
  if (FamilyOf(socket->handshake()) == Family::kAcknowledges) {
    handler =
        AcknowledgingSocket::Make(dialect_, acked_, left_behind_, socket, std::move(credentials), std::move(instance));
  } else {
    std::optional<StoredSession> stored;
    const auto record = auth.pid.empty() ? std::nullopt : dialect_.sessions.Get(RecoveringSocket::KeyOf(auth.pid));
    if (record && record->owner == caller->key_id() && record->instance == instance->number()) {
      stored = DecodeSession(record->value);
      if (stored && stored->name_space != socket->name_space()) stored = std::nullopt;
    }
    const bool recovers = stored.has_value();
    if (!recovers) {
      stored = StoredSession{.name_space = socket->name_space(),
                             .position = {instance->number(), instance->head(), 0},
                             .sid = http::engineio::RandomId()};
    }
    reply.pid = recovers ? auth.pid : http::engineio::RandomId();
    reply.sid = stored->sid;
    const auto recovering =
        std::make_shared<RecoveringSocket>(dialect_, socket, std::move(credentials), std::move(instance),
                                           RecoveringSocket::KeyOf(*reply.pid), *std::move(stored));
    if (recovers) recovering->Recover(auth.offset);
    if (absl::Status status = recovering->Store(); !status.ok()) return Refuse(socket, status);
    handler = recovering;
  }
  auto ticket = dialect_.core.streams.Admit(handler, caller);
  if (!ticket.ok()) return Refuse(socket, ticket.status());
  handler->SetTicket(*std::move(ticket));
  if (socket->Accept(handler, reply)) handler->Start();
}

void Service::Refuse(const SocketPtr& socket, const absl::Status& error) const {
  LogRefusal("socket.io", error);
  const v1::Error facts = ToProto(error);
  if (facts.retryable()) return socket->CloseTransport(CloseCodeOf(error), "");
  const bool unauthorized = error.code() == absl::StatusCode::kUnauthenticated;
  socket->Refuse(unauthorized ? "Unauthorized" : error.message(),
                 absl::StrCat(R"({"code":)", Quoted(unauthorized ? "UNAUTHORIZED" : facts.code()), R"(,"reason":)",
                              Quoted(facts.code()), R"(,"message":)", Quoted(error.message()), "}"));
}

}  // namespace playhead::broker::socketio
