// One client of this dialect: its WebSocket, its one subscription, and what is known of how far it has read.
//
//   subscribe --> the instance is opened --> its place is kept --> ack --> events: a batch is sent, and when the socket
//   has taken it a marker
//
// A marker is a ping: its pong says that the client's side has read every frame before it. The client sends nothing
// else that would say so. One marker is under way at most, so they come no oftener than round trips. From the first
// acknowledgement that a client sends (an addition to the original) these count instead.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/delivery.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/messages.h"
#include "broker/http/websocket.h"
#include "broker/model/frame_reader.h"
#include "broker/model/position.h"
#include "broker/stream_registry.h"
#include "broker/subscription.h"
#include "storage/event_log.h"

namespace playhead::broker::multiwa {

// Of a client's requests; the socket's own limits are broker/http/websocket.h's.
inline constexpr size_t kBatchBytes = size_t{64} << 10;  // Sent before the socket must have taken it.
inline constexpr int kBadMessagesMax = 10;               // Without a good one between them: the connection ends.
inline constexpr int kOpeningsMax = 8;                   // Subscribes under way; one more is refused.

// Beyond RFC 6455's own.
inline constexpr http::CloseCode kCloseInvalidApiKey = 4401;

// All of it but Close happens on the socket's thread.   Ownership: borrows what `dialect` refers to.
class Connection final : public http::WebSocketHandler,
                         public ClosableStream,
                         public std::enable_shared_from_this<Connection> {
 public:
  // `secret` is what `caller` was let in with; `host` is the client's address.
  Connection(const Dialect& dialect, std::shared_ptr<Caller> caller, absl::string_view secret, std::string host);
  ~Connection() override = default;

  // WebSocketHandler.
  void OnOpen(std::shared_ptr<http::WebSocket> socket) override;
  void OnText(std::string text) override;
  void OnBinary(std::string message) override;
  void OnWritable() override;
  void OnPong(std::string payload) override;
  void OnStopping() override;
  void OnClosed(http::CloseCode code) override;

  // ClosableStream: the broker stops, or the key is no longer good. Any thread.
  void Close(absl::Status status) override;

 private:
  struct Opening {
    SubscribeRequest request;
    RequestId request_id;
    uint64_t number;
  };
  // What was subscribed to.
  struct Subscribed {
    std::string profile;
    uint64_t number;  // Of its opening.
    std::shared_ptr<broker::Subscription> subscription;
    std::unique_ptr<model::FrameReader> reader;
    std::unique_ptr<Grace::Subscription> grace;  // nullptr without.
    storage::InstanceNumber instance;
    storage::Cursor handed_over;  // Everything up to here was given to the reader or is not shown.
    model::Position sent;         // Everything up to here was sent or is not shown.
    model::Position last_frame;   // The last that was sent; the start before the first.
    model::Position read;         // What the client has read.
    bool client_acks = false;
  };

  void Subscribe(const ClientMessage& message);
  void OnOpened(Opening opening, absl::StatusOr<std::shared_ptr<storage::Instance>> instance);
  // The subscription's place is kept, if there is one: a broker that dies from now on knows of it when it is back.
  void OnKept(const Opening& opening, const storage::Instance& instance, model::Resume resume,
              std::unique_ptr<Grace::Subscription> grace);
  // Where the subscription starts. InvalidArgument, with what to tell the client.
  absl::StatusOr<model::Resume> StartOf(const Opening& opening, const storage::Instance& instance,
                                        const std::string& grace_key);
  std::string GraceKey(const SubscribeRequest& request) const;
  void Start(const Opening& opening, const storage::Instance& instance, const model::Resume& resume,
             std::unique_ptr<Grace::Subscription> grace);
  // Whether a subscribe goes on where the present subscription is.
  bool GoesOn(const SubscribeRequest& request) const;
  void Acknowledge(const ClientMessage& message);
  // Ends the subscription, which its client wanted if it is `left`.
  void EndSubscription(bool left);

  void Ask();
  void OnDelivery(uint64_t number, Delivery delivery);
  void On(const Started& started);
  void On(Events events);
  void On(const CaughtUp& caught_up);
  void On(const Heartbeat& heartbeat);
  void On(const Gap& gap);
  void On(const Closed& closed);
  void OnProgress(storage::Cursor cursor);

  // Sends the next frames of what was handed over; without any, asks for more.
  void SendFrames();
  // Sends a marker if there is something to be known by it, and this is the moment.
  void SendMarker();
  // The client has read everything up to `position`.
  void OnRead(const model::Position& position);

  void Send(std::string message);
  void Refuse(const absl::Status& status, const RequestId& request_id);
  void End(http::CloseCode code, absl::string_view reason);

  const Dialect dialect_;
  const std::shared_ptr<Caller> caller_;
  const std::string secret_hash_;
  const std::string host_;
  const std::string client_id_;
  std::shared_ptr<http::WebSocket> socket_;  // From OnOpen on.
  StreamRegistry::Ticket ticket_;

  bool closed_ = false;  // By either side, or about to be by this one.
  int bad_messages_ = 0;
  int openings_ = 0;
  uint64_t last_opening_ = 0;  // Older ones give way to it, and to an unsubscribe.
  std::optional<Subscribed> subscribed_;

  bool sending_ = false;   // A batch of frames is not yet taken by the socket.
  bool writable_ = false;  // Nothing was sent since the socket took everything.
  struct Marker {
    uint64_t number;   // Of all.
    uint64_t opening;  // Of the subscription that it is of.
    model::Position sent;
  };
  std::optional<Marker> marker_;  // Under way.
  uint64_t last_marker_ = 0;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CONNECTION_H_
