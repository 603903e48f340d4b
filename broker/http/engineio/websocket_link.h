// Connects a session to a WebSocket that is its transport, or is to become it.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_WEBSOCKET_LINK_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_WEBSOCKET_LINK_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/http/engineio/packet.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/websocket.h"

namespace playhead::broker::http::engineio {

class WebSocketLink;

// Receives the events of the link's connection. All methods are called on the connection's thread.
class WebSocketLinkOwner {
 public:
  virtual ~WebSocketLinkOwner() = default;
  // Called first; not at all if the handshake fails.
  virtual void OnLinkOpen(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkFrame(std::shared_ptr<WebSocketLink> link, Message frame) = 0;
  virtual void OnLinkWritten(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkStopping(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkClosed(std::shared_ptr<WebSocketLink> link) = 0;  // Called last.
};

// Send, Close and Abort may be called from any thread, after OnLinkOpen was called.
// Ownership: the connection owns the link; the link keeps its owner alive until the connection has ended.
class WebSocketLink final : public WebSocketHandler, public std::enable_shared_from_this<WebSocketLink> {
 public:
  struct Limits {
    size_t message_bytes_max;
    size_t unsent_bytes_max;
    size_t received_bytes_max;
  };

  static void Accept(Request request, Responder responder, const Limits& limits,
                     std::shared_ptr<WebSocketLinkOwner> owner);

  void Send(std::vector<Message> frames);
  void Close(CloseCode code, absl::string_view reason);
  void Abort();

  // A frame from OnLinkFrame has been processed.
  void Consumed(const Message& frame) { received_bytes_.fetch_sub(Weight(frame)); }

  void OnOpen(std::shared_ptr<WebSocket> socket) override;
  void OnText(std::string message) override { OnFrame({std::move(message), false}); }
  void OnBinary(std::string message) override { OnFrame({std::move(message), true}); }
  void OnWritable() override { owner_->OnLinkWritten(shared_from_this()); }
  void OnStopping() override { owner_->OnLinkStopping(shared_from_this()); }
  void OnClosed(CloseCode code) override;

 private:
  WebSocketLink(std::shared_ptr<WebSocketLinkOwner> owner, size_t received_bytes_max)
      : received_bytes_max_(received_bytes_max), owner_(std::move(owner)) {}

  static size_t Weight(const Message& frame);
  void OnFrame(Message frame);

  const size_t received_bytes_max_;
  std::shared_ptr<WebSocketLinkOwner> owner_;  // For the connection's thread.
  std::shared_ptr<WebSocket> socket_;          // Set before OnLinkOpen.
  std::atomic<size_t> received_bytes_ = 0;     // Of frames that are not Consumed yet.
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_WEBSOCKET_LINK_H_
