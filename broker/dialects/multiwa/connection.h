// One client of the documented kind: envelopes as text messages of a WebSocket. A marker is a ping of RFC 6455, which
// every WebSocket library answers by itself.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/envelopes.h"
#include "broker/http/websocket.h"
#include "broker/stream_registry.h"

namespace playhead::broker::multiwa {

// All methods except Close and Post run on the socket's thread.   Ownership: borrows what `dialect` refers to.
class Connection final : public http::WebSocketHandler,
                         public ClosableStream,
                         public ClientLink,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(const Dialect& dialect, ClientIdentity client) : dialect_(dialect), client_(std::move(client)) {}
  ~Connection() override = default;

  // WebSocketHandler.
  void OnOpen(std::shared_ptr<http::WebSocket> socket) override;
  void OnText(std::string text) override;
  void OnBinary(std::string message) override;
  void OnWritable() override;
  void OnPong(std::string payload) override;
  void OnStopping() override;
  void OnClosed(http::CloseCode code) override;

  // ClosableStream: called when the broker stops or the key is revoked. Any thread.
  void Close(absl::Status status) override;

  // ClientLink.
  void Post(absl::AnyInvocable<void()> task) override { socket_->Post(std::move(task)); }
  bool writable() const override { return writable_; }
  uint64_t SendMarker() override;
  void SendEnvelope(std::string message) override;
  void End(http::CloseCode code, absl::string_view reason) override;

 private:
  const Dialect dialect_;
  const ClientIdentity client_;
  std::shared_ptr<http::WebSocket> socket_;  // Set by OnOpen, as is `envelopes_`, which is reset at the end.
  std::shared_ptr<Envelopes> envelopes_;
  StreamRegistry::Ticket ticket_;
  bool writable_ = true;
  uint64_t last_marker_ = 0;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_
