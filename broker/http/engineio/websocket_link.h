// Between a session and a WebSocket that serves it, or is about to.
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

// What the link's connection brings. All methods are called on the connection's thread.
class WebSocketLinkOwner {
 public:
  virtual ~WebSocketLinkOwner() = default;
  // First; not at all if the handshake fails.
  virtual void OnLinkOpen(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkFrame(std::shared_ptr<WebSocketLink> link, Message frame) = 0;
  virtual void OnLinkWritten(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkStopping(std::shared_ptr<WebSocketLink> link) = 0;
  virtual void OnLinkClosed(std::shared_ptr<WebSocketLink> link) = 0;  // Last.
};

// Send, Close and Abort may be called from any thread, once the owner knows of the link.
// Ownership: the connection owns it; it keeps its owner alive until the connection has ended.
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

  // What OnLinkFrame brought has been looked at.
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
  std::shared_ptr<WebSocketLinkOwner> owner_;  // Of the connection's thread.
  std::shared_ptr<WebSocket> socket_;          // Set before the owner knows of the link.
  std::atomic<size_t> received_bytes_ = 0;     // Of frames that were not Consumed.
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_WEBSOCKET_LINK_H_
