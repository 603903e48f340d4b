#include "broker/dialects/vzaps/service.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "broker/dialects/vzaps/answers.h"
#include "broker/dialects/vzaps/event_stream.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/http/websocket.h"
#include "broker/model/json.h"
#include "broker/model/position.h"
#include "broker/open_instance.h"
#include "broker/read/start_position.h"
#include "broker/sessions/session_key.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

namespace json = boost::json;

constexpr size_t kTokenBodyBytesMax = size_t{16} << 10;

}  // namespace

struct Service::Connecting {
  Connecting(http::Request request_in, http::Responder responder_in)
      : request(std::move(request_in)), responder(std::move(responder_in)) {}

  http::Request request;
  http::Responder responder;
  ConnectRequest connect;
  std::string wrong_secret;  // The secret that was refused; empty for other errors.
  std::string session_key;
  std::shared_ptr<Caller> caller;        // From the instance token.
  std::shared_ptr<Caller> token_caller;  // From the access token.
  std::optional<model::Resume> resume;   // The position that the client sent.
  model::Position seen;
};

absl::StatusOr<std::unique_ptr<Service>> Service::Make(const Core& core, ConsumerRegistry& consumers,
                                                       SessionStore& sessions, const Options& options) {
  auto subscribed_events = LoadSubscribedEvents(core.log.records());
  if (!subscribed_events.ok()) return subscribed_events.status();
  auto tokens = TokenSigner::Load(core.log.records());
  if (!tokens.ok()) return tokens.status();
  std::unique_ptr<Service> service(
      new Service(core, consumers, sessions, options, *std::move(subscribed_events), *std::move(tokens)));
  if (absl::Status status = service->sessions_.Load(); !status.ok()) return status;
  service->subscribed_events_->ClearLeftOver(core.log);
  return service;
}

Service::Service(const Core& core, ConsumerRegistry& consumers, SessionStore& sessions, const Options& options,
                 std::unique_ptr<SubscribedEvents> subscribed_events, TokenSigner tokens)
    : core_(core),
      options_(options),
      figures_(core_.metrics.OfDialect("vzaps")),
      subscribed_events_(std::move(subscribed_events)),
      tokens_(std::move(tokens)),
      sessions_(core, consumers, sessions, "vzaps") {}

void Service::AddRoutes(http::Router& router) {
  // Java's client also asks for an upgrade to HTTP/2 here. Upgrades to anything but a WebSocket are ignored.
  router.Add(http::Verb::post, "/token", {.body_bytes_max = kTokenBodyBytesMax, .cross_origin = true},
             [this](http::Request request, http::Responder responder) { GiveToken(request, std::move(responder)); });
  router.Add(
      http::Verb::get, "/events/ws", {.cross_origin = true},
      [this](http::Request request, http::Responder responder) { Connect(std::move(request), std::move(responder)); });
}

void Service::GiveToken(const http::Request& request, http::Responder responder) const {
  const std::optional<json::value> body = model::ParseJson(request.body);
  const std::string id = body ? model::Text(model::Find(&*body, "client_token")) : "";
  const std::string secret = body ? model::Text(model::Find(&*body, "client_secret")) : "";
  const auto refuse = [&](absl::Status error, absl::string_view wrong_secret = "") {
    vzaps::Refuse(core_, wrong_secret, std::move(responder), std::move(error));
  };
  if (absl::Status status = core_.streams.CheckServing(); !status.ok()) return refuse(std::move(status));
  if (!body || !body->is_object()) {
    return refuse(MakeError(Reason::kMalformedRequest,
                            R"(the body must be {"client_token":"a key's id","client_secret":"its secret"})"));
  }
  if (id.empty() || secret.empty()) {
    return refuse(MakeError(Reason::kUnauthenticated, "`client_token` and `client_secret` are needed"));
  }
  const auto caller = core_.auth.Authenticate(secret);
  if (!caller.ok()) return refuse(caller.status(), secret);
  if (!(*caller)->key_id().empty() && (*caller)->key_id() != id) {
    return refuse(MakeError(Reason::kUnauthenticated, "`client_secret` is not that of the key `client_token`"));
  }
  const absl::Time now = core_.auth.clock()();
  const json::object answer = {{"access_token", tokens_.Issue((*caller)->key_id(), now, now + options_.token_life)},
                               {"expires_in", absl::ToInt64Seconds(options_.token_life)},
                               {"token_type", "Bearer"}};
  std::move(responder).Send({.content_type = "application/json", .body = json::serialize(answer)});
}

void Service::Connect(http::Request request, http::Responder responder) {
  auto connecting = std::make_shared<Connecting>(std::move(request), std::move(responder));
  if (absl::Status status = Admit(*connecting); !status.ok()) return Refuse(*connecting, std::move(status));
  OpenInstance(std::move(connecting));
}

absl::Status Service::Admit(Connecting& connecting) const {
  if (absl::Status status = core_.streams.CheckServing(); !status.ok()) return status;
  if (!http::AsksForWebSocket(connecting.request)) {
    return MakeError(Reason::kMalformedRequest, "this is a WebSocket: ask for it with `Upgrade: websocket`");
  }
  auto connect = ReadConnectRequest(connecting.request);
  if (!connect.ok()) return connect.status();
  connecting.connect = *std::move(connect);
  const ConnectRequest& asked = connecting.connect;
  const auto token = tokens_.Verify(asked.access_token);
  if (!token.ok()) return token.status();
  const std::vector<std::string> names = MakeFilter(asked.events).Normalized();
  connecting.session_key = SessionKey("vzaps", {token->id, asked.instance, absl::StrJoin(names, ",")});
  // A known session accepts an expired token, since .NET's client never gets another one. A revoked key is still
  // refused.
  if (core_.auth.clock()() >= token->expires_at && !sessions_.Knows(connecting.session_key)) {
    return MakeError(Reason::kUnauthenticated, "the access token has expired: POST /token gives another");
  }
  if (!asked.client_token.empty() && !token->key_id.empty() && asked.client_token != token->key_id) {
    return MakeError(Reason::kUnauthenticated, "the access token is not of this client token");
  }
  auto token_caller = core_.auth.CallerOf(token->key_id);
  if (!token_caller.ok()) return token_caller.status();
  connecting.token_caller = *std::move(token_caller);
  auto caller = core_.auth.Authenticate(asked.instance_token);
  if (!caller.ok()) {
    connecting.wrong_secret = asked.instance_token;
    return caller.status();
  }
  connecting.caller = *std::move(caller);
  return connecting.caller->Check(Permission::kSubscribe, asked.instance);
}

void Service::OpenInstance(std::shared_ptr<Connecting> connecting) {
  const std::string name = connecting->connect.instance;
  const std::shared_ptr<Caller> caller = connecting->caller;
  broker::OpenInstance(
      core_.log, caller.get(), name,
      [this, connecting = std::move(connecting)](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
        if (!instance.ok()) return Refuse(*connecting, instance.status());
        OpenSession(connecting, *instance);
      });
}

void Service::OpenSession(std::shared_ptr<Connecting> connecting, const std::shared_ptr<storage::Instance>& instance) {
  AckedSessions::OpenOptions options{.key = connecting->session_key,
                                     .owner = connecting->token_caller->key_id(),
                                     .instance = instance,
                                     .start = FromNow()};
  if (const auto position = model::ParsePosition(connecting->connect.last_event_id)) {
    connecting->resume = model::ResumeAt(*instance, *position);
    options.start = AfterCursor{connecting->resume->after};
  }
  sessions_.Open(std::move(options),
                 [this, connecting = std::move(connecting)](absl::StatusOr<AckedSessions::Opened> opened) {
                   if (!opened.ok()) return Refuse(*connecting, opened.status());
                   NoteStart(*connecting, *opened);
                   Accept(*connecting, std::move(opened->session));
                 });
}

void Service::NoteStart(Connecting& connecting, const AckedSessions::Opened& opened) const {
  connecting.seen = {opened.session->instance()->number(), storage::Cursor(), 0};
  // A known session continues where it was, whatever the client sends: most SDKs send what they received, not what they
  // handled, or keep sending the position that they started with.
  if (!opened.created) return;
  const std::optional<model::Resume>& resume = connecting.resume;
  if (resume) connecting.seen = resume->position;
  if (resume && resume->replaced) figures_.replaced_positions.Increment();
  if (!resume && !connecting.connect.last_event_id.empty()) figures_.unreadable_positions.Increment();
}

void Service::Accept(Connecting& connecting, std::shared_ptr<AckedSession> session) const {
  const bool is_php = connecting.connect.reads_within_5s;
  StreamOptions options{.filter = FilterOf(*session->instance(), connecting.connect.events),
                        .seen = connecting.seen,
                        .first_frame_delay = options_.first_frame_delay,
                        .sends_pongs = is_php};
  auto stream = std::make_shared<EventStream>(core_, figures_, std::move(options));
  stream->SetSession(std::move(session));
  // After the session was taken over, which releases the ticket of the client's previous connection: some SDKs never
  // recover from a refusal. A ticket of each key is needed; if both keys are the same, one is enough.
  std::vector<std::shared_ptr<Caller>> callers = {connecting.caller};
  if (connecting.token_caller != connecting.caller) callers.push_back(connecting.token_caller);
  for (std::shared_ptr<Caller>& caller : callers) {
    auto ticket = core_.streams.Admit(stream, std::move(caller));
    if (!ticket.ok()) return Refuse(connecting, ticket.status());
    stream->AddTicket(*std::move(ticket));
  }
  std::move(connecting.responder)
      .Accept(std::move(connecting.request), EventStream::SocketOptions(is_php), std::move(stream));
}

void Service::Refuse(Connecting& connecting, absl::Status error) const {
  vzaps::Refuse(core_, connecting.wrong_secret, std::move(connecting.responder), std::move(error));
}

model::NameFilter Service::FilterOf(const storage::Instance& instance, const std::vector<std::string>& names) const {
  model::NameFilter filter = MakeFilter(names);
  if (!filter.matches_all()) return filter;
  const auto subscribed = subscribed_events_->Effective(instance.name(), instance.number());
  return subscribed ? MakeFilter({subscribed->events().begin(), subscribed->events().end()}) : filter;
}

}  // namespace playhead::broker::vzaps
