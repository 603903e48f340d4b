#include "broker/dialects/socketio/acknowledging_socket.h"

#include <optional>
#include <utility>
#include <variant>

#include "broker/http/engineio/random_id.h"
#include "broker/sessions/session_key.h"

namespace playhead::broker::socketio {
std::shared_ptr<AcknowledgingSocket> AcknowledgingSocket::Make(const Dialect& dialect, AckedSessions& acked,
                                                               LeftBehind& left_behind,
                                                               std::shared_ptr<http::socketio::Socket> socket,
                                                               Credentials credentials,
                                                               std::shared_ptr<storage::Instance> instance) {
  const std::string id = http::engineio::RandomId();
  StoredSession stored;
  stored.name_space = socket->name_space();
  stored.acked_key = SessionKey(kAckedDialect, {id});
  return std::shared_ptr<AcknowledgingSocket>(
      new AcknowledgingSocket(dialect, acked, left_behind, std::move(socket), std::move(credentials),
                              std::move(instance), SessionKey(kSessionDialect, {"acked", id}), std::move(stored)));
}

void AcknowledgingSocket::Start() {
  const auto self = std::static_pointer_cast<AcknowledgingSocket>(shared_from_this());
  dialect_.core.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(dialect_.options.adoption_delay),
                                [weak = std::weak_ptr<AcknowledgingSocket>(self), socket = socket_] {
                                  socket->Run([weak] {
                                    const auto live = weak.lock();
                                    if (live != nullptr && !live->ended_) live->Adopt();
                                  });
                                });
}

bool AcknowledgingSocket::Begins() const { return !opening_; }

void AcknowledgingSocket::Adopt() {
  if (opening_) return;
  while (const auto key = left_behind_.Take(owner(), SteadyNow())) {
    const auto record = dialect_.sessions.Get(*key);
    auto stored = record ? DecodeSession(record->value) : std::nullopt;
    if (!stored) continue;  // It was removed in the meantime.
    key_ = *key;
    stored_ = *std::move(stored);
    if (absl::Status status = Store(); !status.ok()) {
      left_behind_.Add(owner(), key_, SteadyNow());
      return Close(status);
    }
    return Open();
  }
  // The broker may not have noticed yet that the client's previous connection is lost.
  const http::engineio::Options& engine = dialect_.engine;
  const absl::Duration seen_to_end = engine.ping_interval + engine.ping_timeout + dialect_.options.adoption_delay;
  if (SteadyNow() >= connected_at_ + absl::ToChronoNanoseconds(seen_to_end)) return;
  left_behind_.EndSilent(owner(), SteadyNow());
  Start();
}

void AcknowledgingSocket::Open() {
  opening_ = true;
  acked_.Open({.key = stored_.acked_key,
               .owner = credentials_.caller->key_id(),
               .instance = instance_,
               .start = AfterCursor{ResumePosition()}},
              // Not via Posting: a session that is opened too late for its socket must still be ended.
              [self = std::static_pointer_cast<AcknowledgingSocket>(shared_from_this())](
                  absl::StatusOr<AckedSessions::Opened> opened) {
                self->socket_->Run([self, opened = std::move(opened)]() mutable { self->OnOpened(std::move(opened)); });
              });
}

void AcknowledgingSocket::OnOpened(absl::StatusOr<AckedSessions::Opened> opened) {
  if (ended_) {
    if (opened.ok()) opened->session->End(/*client_left=*/false);
    if (left_) acked_.Forget(stored_.acked_key);
    return;
  }
  if (!opened.ok()) return Close(opened.status());
  session_ = std::move(opened->session);
  left_behind_.AddPresent(owner(), std::static_pointer_cast<AcknowledgingSocket>(shared_from_this()));
  seen_ = model::Position{instance_->number(), storage::Cursor(), 0};  // The session knows which events were handled.
  StartPulling();
}

void AcknowledgingSocket::EndIfSilent() {
  const auto self = std::static_pointer_cast<AcknowledgingSocket>(shared_from_this());
  socket_->Run([self] {
    if (!self->ended_ && self->socket_->Silence() > kSilenceMax)
      self->socket_->CloseTransport(http::kCloseGoingAway, "");
  });
}

void AcknowledgingSocket::Ask() {
  const auto self = std::static_pointer_cast<AcknowledgingSocket>(shared_from_this());
  session_->Next(Posting(
      self, [](AcknowledgingSocket& socket, SessionDelivery delivery) { socket.OnDelivery(std::move(delivery)); }));
}

void AcknowledgingSocket::OnDelivery(SessionDelivery delivery) {
  if (const auto* const closed = std::get_if<Closed>(&delivery)) {
    session_ = nullptr;
    return Close(closed->status);
  }
  DropParked();
  Deliver(std::move(std::get<SessionEvents>(delivery).slices));
}

void AcknowledgingSocket::DropParked() {
  const std::optional<storage::Cursor> first = session_->first_unacked();
  while (!unacked_.empty() && (!first || unacked_.begin()->second.cursor < *first)) unacked_.erase(unacked_.begin());
}

void AcknowledgingSocket::Emit(model::Frame frame) {
  session_->Sent(frame.position);
  const uint64_t id = ++last_ack_id_;
  unacked_.emplace(id, frame.position);
  socket_->Emit(frame.rendering.name, {{std::move(frame.rendering.payload)}, {}}, id);
}

void AcknowledgingSocket::OnAck(uint64_t ack_id, http::socketio::Arguments /*arguments*/) {
  const auto found = unacked_.find(ack_id);
  if (found == unacked_.end()) return;
  if (session_ != nullptr) session_->Ack(found->second);
  unacked_.erase(found);
}

void AcknowledgingSocket::OnEnd(bool left) {
  if (session_ != nullptr) session_->End(/*client_left=*/!closed_by_us_ && !dialect_.stopping);
  left_ = left;
  if (!opening_) return;
  if (!left) return left_behind_.Add(owner(), key_, SteadyNow());
  if (session_ != nullptr) acked_.Forget(stored_.acked_key);
}

}  // namespace playhead::broker::socketio
