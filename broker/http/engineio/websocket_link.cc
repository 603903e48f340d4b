#include "broker/http/engineio/websocket_link.h"

#include <optional>
#include <utility>

namespace playhead::broker::http::engineio {
namespace {

// Approximate memory of a waiting frame besides its data.
constexpr size_t kFrameOverheadBytes = 128;

}  // namespace

void WebSocketLink::Accept(Request request, Responder responder, const Limits& limits,
                           std::shared_ptr<WebSocketLinkOwner> owner) {
  WebSocketOptions options;
  options.message_bytes_max = limits.message_bytes_max;
  options.unsent_bytes_max = limits.unsent_bytes_max;
  options.ping_interval = std::nullopt;  // Engine.IO has its own.
  std::shared_ptr<WebSocketLink> link(new WebSocketLink(std::move(owner), limits.received_bytes_max));
  std::move(responder).Accept(std::move(request), options, std::move(link));
}

void WebSocketLink::Send(std::vector<Message> frames) {
  socket_->Post([socket = socket_, frames = std::move(frames)]() mutable {
    for (Message& frame : frames) {
      if (frame.binary) {
        socket->SendBinary(std::move(frame.data));
      } else {
        socket->SendText(std::move(frame.data));
      }
    }
  });
}

void WebSocketLink::Close(CloseCode code, absl::string_view reason) {
  socket_->Post([socket = socket_, code, reason = std::string(reason)] { socket->Close(code, reason); });
}

void WebSocketLink::Abort() {
  socket_->Post([socket = socket_] { socket->Abort(); });
}

void WebSocketLink::OnOpen(std::shared_ptr<WebSocket> socket) {
  socket_ = std::move(socket);
  owner_->OnLinkOpen(shared_from_this());
}

void WebSocketLink::OnClosed(CloseCode /*code*/) {
  const std::shared_ptr<WebSocketLinkOwner> owner = std::move(owner_);
  owner->OnLinkClosed(shared_from_this());
}

size_t WebSocketLink::Weight(const Message& frame) { return frame.data.size() + kFrameOverheadBytes; }

void WebSocketLink::OnFrame(Message frame) {
  const size_t weight = Weight(frame);
  if (received_bytes_.fetch_add(weight) + weight > received_bytes_max_) return socket_->Abort();
  owner_->OnLinkFrame(shared_from_this(), std::move(frame));
}

}  // namespace playhead::broker::http::engineio
