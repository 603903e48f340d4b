#include "broker/dialects/multiwa/connection.h"

#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/auth/permission.h"
#include "broker/auth/secret.h"
#include "broker/dialects/multiwa/renderer.h"
#include "broker/log.h"
#include "broker/sessions/session_key.h"
#include "proto/errors.h"

namespace playhead::broker::multiwa {

using model::Position;
using storage::Cursor;

namespace {

// What the client is told, in the original's words where it has some.
std::string ErrorText(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) return "Forbidden";
  if (absl::IsNotFound(status)) return "Profile not found";
  return std::string(status.message());
}

// Whether the client ended the connection by what it said, rather than by being gone.
bool SaidGoodbye(http::CloseCode code) {
  constexpr http::CloseCode kNone = 0;
  return code == http::kCloseNormal || code == http::kCloseGoingAway || code == kNone;
}

}  // namespace

Connection::Connection(const Dialect& dialect, std::shared_ptr<Caller> caller, absl::string_view secret,
                       std::string host)
    : dialect_(dialect),
      caller_(std::move(caller)),
      secret_hash_(SecretHash::Of(secret).bytes()),
      host_(std::move(host)),
      client_id_(NewKeyId()) {}

void Connection::OnOpen(std::shared_ptr<http::WebSocket> socket) {
  socket_ = std::move(socket);
  auto ticket = dialect_.core.streams.Admit(shared_from_this(), caller_);
  if (!ticket.ok()) {
    LogRefusal("/ws", ticket.status());
    return Close(ticket.status());
  }
  ticket_ = *std::move(ticket);
  Send(WelcomeMessage(client_id_, absl::Now()));
}

void Connection::OnText(std::string text) {
  if (closed_) return;
  const std::optional<ClientMessage> message = ParseMessage(text);
  if (!message) {
    Send(ErrorMessage("Invalid JSON", std::nullopt));
    if (++bad_messages_ >= kBadMessagesMax) End(http::kCloseBadPayload, "Invalid JSON");
    return;
  }
  bad_messages_ = 0;
  if (message->type == "ping") {
    Send(PongMessage(absl::Now(), message->request_id));
  } else if (message->type == "subscribe") {
    Subscribe(*message);
  } else if (message->type == "unsubscribe") {
    ++last_opening_;
    EndSubscription(/*left=*/true);
    Send(UnsubscribedMessage(message->request_id));
  } else if (message->type == "ack") {
    Acknowledge(*message);
  } else {
    Send(ErrorMessage("Unknown message type", message->request_id));
  }
}

void Connection::OnBinary(std::string /*message*/) { End(http::kCloseUnsupportedData, "Messages are JSON text"); }

void Connection::OnStopping() { End(http::kCloseGoingAway, "The server is restarting"); }

void Connection::OnClosed(http::CloseCode code) {
  // A close that began here is none of the client's wishes.
  const bool left = !std::exchange(closed_, true) && SaidGoodbye(code);
  ++last_opening_;
  EndSubscription(left);
  ticket_ = {};
}

void Connection::Close(absl::Status status) {
  socket_->Post([self = shared_from_this(), status = std::move(status)] {
    if (absl::IsUnauthenticated(status)) return self->End(kCloseInvalidApiKey, "Invalid API key");
    if (HasReason(status, Reason::kShuttingDown)) return self->OnStopping();
    self->End(http::kCloseTryAgainLater, status.message());
  });
}

void Connection::Subscribe(const ClientMessage& message) {
  auto request = ReadSubscribe(message.payload);
  if (!request.ok()) return Refuse(request.status(), message.request_id);
  if (absl::Status status = storage::CheckInstanceName(request->profile); !status.ok()) {
    return Refuse(status, message.request_id);
  }
  if (absl::Status status = caller_->Check(Permission::kSubscribe, request->profile); !status.ok()) {
    return Refuse(status, message.request_id);
  }
  if (openings_ == kOpeningsMax) {
    return Send(ErrorMessage("Too many subscriptions are being made", message.request_id));
  }
  ++openings_;
  Opening opening{*std::move(request), message.request_id, ++last_opening_};
  const std::string profile = opening.request.profile;
  auto opened = [self = shared_from_this(),
                 opening = std::move(opening)](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) mutable {
    http::WebSocket& socket = *self->socket_;
    socket.Post([self = std::move(self), opening = std::move(opening), instance = std::move(instance)]() mutable {
      self->OnOpened(std::move(opening), std::move(instance));
    });
  };
  caller_->AdmitInstance(dialect_.core.log, profile,
                         [&log = dialect_.core.log, profile, opened = std::move(opened)](absl::Status status) mutable {
                           if (!status.ok()) return std::move(opened)(std::move(status));
                           log.OpenInstance(profile, storage::OpenMode::kCreateIfPermitted, std::move(opened));
                         });
}

void Connection::OnOpened(Opening opening, absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  if (closed_) return;
  if (!instance.ok()) {
    --openings_;
    return Refuse(instance.status(), opening.request_id);
  }
  const std::string grace_key = GraceKey(opening.request);
  auto resume = StartOf(opening, **instance, grace_key);
  if (!resume.ok()) {
    --openings_;
    return Refuse(resume.status(), opening.request_id);
  }
  if (resume->replaced) dialect_.core.metrics.multiwa.replaced_positions.Increment();
  const Position& read = GoesOn(opening.request) ? subscribed_->read : resume->position;
  std::unique_ptr<Grace::Subscription> grace;
  if (dialect_.grace != nullptr) grace = dialect_.grace->Open(grace_key, caller_->key_id(), host_, read);
  if (grace == nullptr) return OnKept(opening, **instance, *resume, nullptr);
  // Should the write fail, the client has its subscription all the same.
  dialect_.grace->Flush([self = shared_from_this(), opening = std::move(opening), instance = *std::move(instance),
                         resume = *resume, grace = std::move(grace)](absl::Status /*status*/) mutable {
    http::WebSocket& socket = *self->socket_;
    socket.Post([self = std::move(self), opening = std::move(opening), instance = std::move(instance), resume,
                 grace = std::move(grace)]() mutable { self->OnKept(opening, *instance, resume, std::move(grace)); });
  });
}

void Connection::OnKept(const Opening& opening, const storage::Instance& instance, model::Resume resume,
                        std::unique_ptr<Grace::Subscription> grace) {
  --openings_;
  if (closed_) return;
  if (opening.number != last_opening_) {
    // The client has said something else meanwhile; it was subscribed for a moment.
    if (grace != nullptr) grace->Leave();
    return Send(SubscribedMessage(opening.request, resume.position.ToString(), 0, opening.request_id));
  }
  if (GoesOn(opening.request)) resume = model::ResumeAt(instance, subscribed_->sent);
  Start(opening, instance, resume, std::move(grace));
}

bool Connection::GoesOn(const SubscribeRequest& request) const {
  return !request.since && subscribed_ && subscribed_->profile == request.profile;
}

absl::StatusOr<model::Resume> Connection::StartOf(const Opening& opening, const storage::Instance& instance,
                                                  const std::string& grace_key) {
  std::optional<Position> start;
  if (opening.request.since) {
    start = model::ParsePosition(*opening.request.since);
    if (!start) return absl::InvalidArgumentError("since is not a cursor");
  } else if (GoesOn(opening.request)) {
    start = subscribed_->sent;
  } else if (dialect_.grace != nullptr) {
    start = dialect_.grace->TakeStart(grace_key, host_);
  }
  if (start) return model::ResumeAt(instance, *start);
  return model::Resume{instance.head(), {instance.number(), instance.head(), 0}, false};
}

std::string Connection::GraceKey(const SubscribeRequest& request) const {
  const model::NameFilter filter = MakeFilter(request.events);
  const std::vector<std::string> names = filter.Normalized();
  std::vector<absl::string_view> parts = {secret_hash_, request.profile, filter.matches_all() ? "all" : "some"};
  parts.insert(parts.end(), names.begin(), names.end());
  return SessionKey("multiwa", parts);
}

void Connection::Start(const Opening& opening, const storage::Instance& instance, const model::Resume& resume,
                       std::unique_ptr<Grace::Subscription> grace) {
  Subscribed subscribed;
  subscribed.profile = opening.request.profile;
  subscribed.number = opening.number;
  subscribed.instance = instance.number();
  subscribed.handed_over = resume.after;
  subscribed.sent = subscribed.last_frame = subscribed.read = resume.position;
  if (subscribed_ && subscribed_->sent == resume.position) {
    // It goes on where another was, some of whose frames may still be under way.
    subscribed.last_frame = subscribed_->last_frame;
    subscribed.read = subscribed_->read;
  }
  EndSubscription(/*left=*/true);
  subscribed.reader = std::make_unique<model::FrameReader>(
      kRendering, opening.request.profile, resume.position, MakeFilter(opening.request.events),
      model::FrameReader::Counters{dialect_.core.metrics.multiwa.events_not_rendered,
                                   dialect_.core.metrics.multiwa.neutral_values});
  subscribed.grace = std::move(grace);
  if (subscribed.grace != nullptr) {
    subscribed.grace->Read(subscribed.read, model::IsBefore(subscribed.read, subscribed.last_frame));
  }
  SubscriptionRequest request;
  request.instance = opening.request.profile;
  request.start = AfterCursor{resume.after};
  request.caller = caller_;
  request.allow_gap = true;  // The client knows no error that would tell it of missing history.
  subscribed.subscription = broker::Subscription::Start(dialect_.core, std::move(request));
  subscribed_ = std::move(subscribed);
  Send(SubscribedMessage(opening.request, resume.position.ToString(),
                         instance.head().sequence() - resume.after.sequence(), opening.request_id));
  Ask();
}

void Connection::Acknowledge(const ClientMessage& message) {
  const std::optional<Position> position = model::ParsePosition(ReadAckCursor(message.payload));
  if (!position) return Send(ErrorMessage("cursor is required", message.request_id));
  if (!subscribed_) return;
  const bool names_this =
      position->instance == subscribed_->instance || position->instance == storage::InstanceNumber();
  // Late, of an earlier subscription, or made up: nothing that this client was sent.
  if (!names_this || model::IsBefore(subscribed_->last_frame, *position)) return;
  subscribed_->client_acks = true;
  OnRead({subscribed_->instance, position->cursor, position->part});
}

void Connection::EndSubscription(bool left) {
  if (!subscribed_) return;
  subscribed_->subscription->Cancel();
  if (left && subscribed_->grace != nullptr) subscribed_->grace->Leave();
  subscribed_.reset();
  sending_ = false;
}

void Connection::Ask() {
  const uint64_t number = subscribed_->number;
  // False if it was cancelled: then whoever did has ended the subscription.
  (void)subscribed_->subscription->Next([self = shared_from_this(), number](Delivery delivery) {
    http::WebSocket& socket = *self->socket_;
    socket.Post(
        [self, number, delivery = std::move(delivery)]() mutable { self->OnDelivery(number, std::move(delivery)); });
  });
}

void Connection::OnDelivery(uint64_t number, Delivery delivery) {
  if (!subscribed_ || subscribed_->number != number) return;
  std::visit([this](auto&& kind) { On(std::forward<decltype(kind)>(kind)); }, std::move(delivery));
}

void Connection::On(const Started& /*started*/) { Ask(); }

void Connection::On(Events events) {
  subscribed_->handed_over = events.last;
  subscribed_->reader->Add(std::move(events.slices));
  SendFrames();
}

void Connection::On(const CaughtUp& caught_up) { OnProgress(caught_up.cursor); }
void Connection::On(const Heartbeat& heartbeat) { OnProgress(heartbeat.cursor); }
void Connection::On(const Gap& gap) { OnProgress(gap.last); }

void Connection::On(const Closed& closed) {
  const absl::Status& status = closed.status;
  if (HasReason(status, Reason::kInstanceDeleted)) {
    Send(ErrorMessage("Profile not found", std::nullopt));
    return EndSubscription(/*left=*/true);
  }
  LogRefusal("/ws", status);
  if (absl::IsUnauthenticated(status)) return End(kCloseInvalidApiKey, "Invalid API key");
  if (HasReason(status, Reason::kShuttingDown)) return OnStopping();
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    return End(http::kCloseTryAgainLater, "Try again later");
  }
  End(http::kCloseInternal, "Stored events cannot be read");
}

void Connection::OnProgress(Cursor cursor) {
  if (cursor > subscribed_->handed_over) subscribed_->handed_over = cursor;
  SendFrames();
}

void Connection::SendFrames() {
  size_t bytes = 0;
  while (bytes < kBatchBytes) {
    const std::optional<model::Frame> frame = subscribed_->reader->Next();
    if (!frame) break;
    std::string message = WriteFrame(*frame, subscribed_->profile);
    bytes += message.size();
    subscribed_->sent = subscribed_->last_frame = frame->position;
    Send(std::move(message));
    if (closed_) return;
  }
  if (bytes > 0) {
    sending_ = true;
    if (subscribed_->grace != nullptr) subscribed_->grace->Read(subscribed_->read, /*is_behind=*/true);
    return;
  }
  // What is left of the delivery is not shown.
  if (subscribed_->sent.cursor < subscribed_->handed_over) {
    subscribed_->sent = {subscribed_->instance, subscribed_->handed_over, 0};
    OnRead(subscribed_->read);
  }
  Ask();
}

void Connection::OnWritable() {
  writable_ = true;
  if (!subscribed_) return;
  SendMarker();
  if (std::exchange(sending_, false)) SendFrames();
}

void Connection::SendMarker() {
  if (!writable_ || marker_ || subscribed_->grace == nullptr) return;
  if (!model::IsBefore(subscribed_->read, subscribed_->last_frame)) return;
  marker_ = Marker{++last_marker_, subscribed_->number, subscribed_->sent};
  socket_->SendPing(absl::StrCat(marker_->number));
}

void Connection::OnPong(std::string payload) {
  uint64_t number = 0;
  if (!marker_ || !absl::SimpleAtoi(payload, &number) || number != marker_->number) return;
  const Marker marker = *std::exchange(marker_, std::nullopt);
  if (!subscribed_) return;
  if (subscribed_->number == marker.opening && !subscribed_->client_acks) OnRead(marker.sent);
  SendMarker();
}

void Connection::OnRead(const Position& position) {
  Subscribed& subscribed = *subscribed_;
  if (model::IsBefore(subscribed.read, position)) subscribed.read = position;
  // Behind the last frame is nothing that it could miss.
  const bool is_behind = model::IsBefore(subscribed.read, subscribed.last_frame);
  if (!is_behind) subscribed.read = subscribed.sent;
  if (subscribed.grace != nullptr) subscribed.grace->Read(subscribed.read, is_behind);
}

void Connection::Send(std::string message) {
  writable_ = false;
  socket_->SendText(std::move(message));
}

void Connection::Refuse(const absl::Status& status, const RequestId& request_id) {
  LogRefusal("/ws subscribe", status);
  Send(ErrorMessage(ErrorText(status), request_id));
}

void Connection::End(http::CloseCode code, absl::string_view reason) {
  if (std::exchange(closed_, true)) return;
  EndSubscription(/*left=*/false);
  constexpr size_t kReasonBytesMax = 123;
  socket_->Close(code, reason.substr(0, kReasonBytesMax));
}

}  // namespace playhead::broker::multiwa
