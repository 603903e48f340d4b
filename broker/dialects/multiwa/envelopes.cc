#include "broker/dialects/multiwa/envelopes.h"

#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "broker/auth/secret.h"
#include "broker/dialects/multiwa/renderer.h"
#include "broker/log.h"
#include "proto/errors.h"

namespace playhead::broker::multiwa {
namespace {

std::string GraceKeyOf(const ClientIdentity& client, const SubscribeRequest& request) {
  const model::NameFilter filter = MakeFilter(request.events);
  const std::vector<std::string> names = filter.Normalized();
  std::vector<absl::string_view> what = {filter.matches_all() ? "all" : "some"};
  what.insert(what.end(), names.begin(), names.end());
  return GraceKey(client, request.profile, what);
}

}  // namespace

Envelopes::Envelopes(const Dialect& dialect, ClientIdentity client, std::shared_ptr<ClientLink> link)
    : dialect_(dialect), client_(std::move(client)), link_(std::move(link)) {}

void Envelopes::Start() { link_->SendEnvelope(WelcomeMessage(NewKeyId(), absl::Now())); }

void Envelopes::OnMessage(absl::string_view text) {
  if (ended_) return;
  const std::optional<ClientMessage> message = ParseMessage(text);
  if (!message) {
    link_->SendEnvelope(ErrorMessage("Invalid JSON", std::nullopt));
    if (++bad_messages_ >= kBadMessagesMax) link_->End(http::kCloseBadPayload, "Invalid JSON");
    return;
  }
  bad_messages_ = 0;
  if (message->type == "ping") {
    link_->SendEnvelope(PongMessage(absl::Now(), message->request_id));
  } else if (message->type == "subscribe") {
    Subscribe(*message);
  } else if (message->type == "unsubscribe") {
    ++last_opening_;
    EndSubscription(/*left=*/true);
    link_->SendEnvelope(UnsubscribedMessage(message->request_id));
  } else if (message->type == "ack") {
    Acknowledge(*message);
  } else {
    link_->SendEnvelope(ErrorMessage("Unknown message type", message->request_id));
  }
}

void Envelopes::OnWritable() {
  if (stream_ != nullptr) stream_->OnWritable();
}

void Envelopes::OnMarkerRead(uint64_t marker) {
  if (stream_ != nullptr) stream_->OnMarkerRead(marker);
}

void Envelopes::End(bool left) {
  ended_ = true;
  ++last_opening_;
  EndSubscription(left);
}

size_t Envelopes::SendFrame(const std::string& profile, const model::Frame& frame) {
  std::string message = WriteFrame(frame, profile);
  const size_t bytes = message.size();
  link_->SendEnvelope(std::move(message));
  return bytes;
}

void Envelopes::OnStreamClosed(const std::string& /*profile*/, const absl::Status& status) {
  if (HasReason(status, Reason::kInstanceDeleted)) {
    link_->SendEnvelope(ErrorMessage("Profile not found", std::nullopt));
    return EndSubscription(/*left=*/true);
  }
  LogRefusal("/ws", status);
  EndBecause(*link_, status);
}

void Envelopes::Subscribe(const ClientMessage& message) {
  auto request = ReadSubscribe(message.payload);
  if (!request.ok()) return Refuse(request.status(), message.request_id);
  if (openings_ == kOpeningsMax) {
    return link_->SendEnvelope(ErrorMessage("Too many subscriptions are being made", message.request_id));
  }
  ++openings_;
  Opening opening;
  opening.profile = request->profile;
  opening.since = request->since;
  opening.grace_key = GraceKeyOf(client_, *request);
  opening.present = [self = shared_from_this(), profile = request->profile] { return self->PresentPlace(profile); };
  OpenProfile(dialect_, client_, link_, std::move(opening),
              [self = shared_from_this(), request = *std::move(request), request_id = message.request_id,
               number = ++last_opening_](absl::StatusOr<OpenedProfile> opened) {
                self->OnOpened(request, request_id, number, std::move(opened));
              });
}

void Envelopes::OnOpened(const SubscribeRequest& request, const RequestId& request_id, uint64_t number,
                         absl::StatusOr<OpenedProfile> opened) {
  --openings_;
  if (ended_) return;
  if (!opened.ok()) return Refuse(opened.status(), request_id);
  if (number != last_opening_) {
    // A later message of the client has replaced this subscription.
    if (opened->grace != nullptr) opened->grace->Leave();
    return link_->SendEnvelope(SubscribedMessage(request, opened->resume.position.ToString(), 0, request_id));
  }
  const std::optional<Place> present = PresentPlace(request.profile);
  if (present && !request.since) opened->resume = model::ResumeAt(*opened->instance, present->sent);
  const model::Resume resume = opened->resume;
  const uint64_t replay = opened->instance->head().sequence() - resume.after.sequence();
  const std::shared_ptr<ProfileStream> before = stream_;
  EndSubscription(/*left=*/true);
  link_->SendEnvelope(SubscribedMessage(request, resume.position.ToString(), replay, request_id));
  stream_ = ProfileStream::Start(dialect_, *this, {link_, client_.caller, kRendering, MakeFilter(request.events)},
                                 *std::move(opened), before.get());
}

std::optional<Place> Envelopes::PresentPlace(const std::string& profile) const {
  if (stream_ == nullptr || stream_->profile() != profile) return std::nullopt;
  return stream_->place();
}

void Envelopes::Acknowledge(const ClientMessage& message) {
  const std::optional<model::Position> position = model::ParsePosition(ReadAckCursor(message.payload));
  if (!position) return link_->SendEnvelope(ErrorMessage("cursor is required", message.request_id));
  if (stream_ != nullptr) stream_->Acknowledge(*position);
}

void Envelopes::EndSubscription(bool left) {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->End(left);
}

void Envelopes::Refuse(const absl::Status& status, const RequestId& request_id) {
  LogRefusal("/ws subscribe", status);
  link_->SendEnvelope(ErrorMessage(ErrorText(status), request_id));
}

}  // namespace playhead::broker::multiwa
