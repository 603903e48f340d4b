#include "broker/dialects/multiwa/gateway_socket.h"

namespace playhead::broker::multiwa {
namespace {

constexpr absl::string_view kEnvelope = "message";

}  // namespace

void GatewaySocket::OnEvent(http::socketio::Event event) {
  if (ended_) return;
  if (Rooms::Knows(event.name)) {
    if (rooms_ == nullptr) rooms_ = std::make_shared<Rooms>(dialect_, client_, shared_from_this(), socket_);
    return rooms_->OnEvent(event);
  }
  if (event.name != kEnvelope) return;
  if (envelopes_ == nullptr) {
    envelopes_ = std::make_shared<Envelopes>(dialect_, client_, shared_from_this());
    envelopes_->Start();
  }
  envelopes_->OnMessage(event.arguments.values.empty() ? "" : event.arguments.values.front());
}

void GatewaySocket::OnWritable() {
  const auto envelopes = envelopes_;
  const auto rooms = rooms_;
  rooms_first_ = !rooms_first_;
  if (rooms_first_ && rooms != nullptr) rooms->OnWritable();
  if (envelopes != nullptr) envelopes->OnWritable();
  if (!rooms_first_ && rooms != nullptr) rooms->OnWritable();
}

void GatewaySocket::OnPong(uint64_t ping) {
  if (const auto envelopes = envelopes_) envelopes->OnMarkerRead(ping);
  if (const auto rooms = rooms_) rooms->OnMarkerRead(ping);
}

void GatewaySocket::OnDisconnect(bool left) {
  ended_ = true;
  if (const auto envelopes = std::exchange(envelopes_, nullptr)) envelopes->End(left);
  if (const auto rooms = std::exchange(rooms_, nullptr)) rooms->End(left);
  ticket_ = {};
}

void GatewaySocket::Close(absl::Status status) {
  socket_->Run([self = shared_from_this(), status = std::move(status)] { EndBecause(*self, status); });
}

void GatewaySocket::SendEnvelope(std::string message) { socket_->Emit(kEnvelope, {{std::move(message)}, {}}); }

}  // namespace playhead::broker::multiwa
