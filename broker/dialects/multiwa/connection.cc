#include "broker/dialects/multiwa/connection.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/log.h"

namespace playhead::broker::multiwa {
namespace {

// Whether the client ended the connection deliberately, rather than disappeared.
bool SaidGoodbye(http::CloseCode code) {
  constexpr http::CloseCode kNone = 0;
  return code == http::kCloseNormal || code == http::kCloseGoingAway || code == kNone;
}

}  // namespace

void Connection::OnOpen(std::shared_ptr<http::WebSocket> socket) {
  socket_ = std::move(socket);
  envelopes_ = std::make_shared<Envelopes>(dialect_, client_, shared_from_this());
  auto ticket = dialect_.core.streams.Admit(shared_from_this(), client_.caller);
  if (!ticket.ok()) {
    LogRefusal("/ws", ticket.status());
    return EndBecause(*this, ticket.status());
  }
  ticket_ = *std::move(ticket);
  envelopes_->Start();
}

void Connection::OnText(std::string text) {
  if (const auto envelopes = envelopes_) envelopes->OnMessage(text);
}

void Connection::OnBinary(std::string /*message*/) { End(http::kCloseUnsupportedData, "Messages are JSON text"); }

void Connection::OnWritable() {
  writable_ = true;
  if (const auto envelopes = envelopes_) envelopes->OnWritable();
}

void Connection::OnPong(std::string payload) {
  uint64_t marker = 0;
  if (!absl::SimpleAtoi(payload, &marker) || marker > last_marker_) return;
  if (const auto envelopes = envelopes_) envelopes->OnMarkerRead(marker);
}

void Connection::OnStopping() { End(http::kCloseGoingAway, "The server is restarting"); }

void Connection::OnClosed(http::CloseCode code) {
  if (const auto envelopes = std::exchange(envelopes_, nullptr)) envelopes->End(/*left=*/SaidGoodbye(code));
  ticket_ = {};
}

void Connection::Close(absl::Status status) {
  socket_->Post([self = shared_from_this(), status = std::move(status)] { EndBecause(*self, status); });
}

uint64_t Connection::SendMarker() {
  socket_->SendPing(absl::StrCat(++last_marker_));
  return last_marker_;
}

void Connection::SendEnvelope(std::string message) {
  writable_ = false;
  socket_->SendText(std::move(message));
}

void Connection::End(http::CloseCode code, absl::string_view reason) {
  // The broker ends the connection, not the client.
  const auto envelopes = std::exchange(envelopes_, nullptr);
  if (envelopes == nullptr) return;
  envelopes->End(/*left=*/false);
  socket_->Close(code, reason);
}

}  // namespace playhead::broker::multiwa
