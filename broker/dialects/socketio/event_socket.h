// EventSocket: one client of this dialect: its subscriptions, and the frames on their way to it.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_SOCKET_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_SOCKET_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "broker/core.h"
#include "broker/dialects/socketio/credentials.h"
#include "broker/dialects/socketio/options.h"
#include "broker/dialects/socketio/stored_session.h"
#include "broker/http/engineio/options.h"
#include "broker/http/socketio/socket.h"
#include "broker/metrics/metrics.h"
#include "broker/model/frame_reader.h"
#include "broker/sessions/session_store.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/block.h"
#include "storage/event_log.h"

namespace playhead::broker::socketio {

// Shared by all sockets.
struct Dialect {
  Core core;
  SessionStore& sessions;
  const Options& options;
  const Metrics::Dialect& figures;
  const http::engineio::Options& engine;  // The options of the sockets' server.
  const std::atomic<bool>& stopping;      // The broker is stopping, and ends all connections.
};

// The close code for an error. Clients reconnect after either code.
inline http::CloseCode CloseCodeOf(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted ? http::kCloseTryAgainLater : http::kCloseGoingAway;
}

// A client manages its subscriptions with events, each of which may ask for an acknowledgement:
//
//  subscribe    names   adds names; replies {"ok":true,"events":[all names]}
//  unsubscribe  names   removes names, or all without any; the same reply
//  list                 the same reply
//
// The reply to an invalid one is {"ok":false,"error":{"code":...,"message":...}}. Nothing is pulled from the log until
// the client's side has taken everything sent. All methods except Close run on the socket's strand.
class EventSocket : public http::socketio::SocketHandler,
                    public ClosableStream,
                    public std::enable_shared_from_this<EventSocket> {
 public:
  // `key` is the key of the session's record, which has the form of `stored`.
  EventSocket(const Dialect& dialect, std::shared_ptr<http::socketio::Socket> socket, Credentials credentials,
              std::shared_ptr<storage::Instance> instance, std::string key, StoredSession stored);

  // Called when the socket was accepted.
  virtual void Start() = 0;

  void SetTicket(StreamRegistry::Ticket ticket) { ticket_ = std::move(ticket); }
  // Creates or updates the record of the session.
  absl::Status Store();

  // ClosableStream. Clients reconnect after this by themselves.
  void Close(absl::Status status) override;

  void OnEvent(http::socketio::Event event) override;
  void OnWritable() override { Pump(); }
  void OnDisconnect(bool left) override;

 protected:
  // Whether the client, with its present names, starts to read now: then SetBeginning is called, and Open.
  virtual bool Begins() const = 0;
  // Starts to read from `stored_.position`.
  virtual void Open() = 0;
  // Requests the next delivery, which is then passed to Deliver. Called once per delivery.
  virtual void Ask() = 0;
  virtual void Emit(model::Frame frame) = 0;
  virtual void OnEnd(bool left) = 0;

  // Sets the starting position of a client that subscribes for the first time.
  void SetBeginning();
  // Returns the cursor after which reading continues, and sets `seen_`.
  storage::Cursor ResumePosition();
  // Starts to request deliveries.
  void StartPulling();
  void Deliver(std::vector<storage::BlockSlice> slices);
  // The last delivery had no events.
  void DeliverNothing();
  void Pump();
  // Returns a callback that runs `task` on the strand, unless the socket has ended.
  template <typename Self, typename Task>
  static auto Posting(std::shared_ptr<Self> self, Task task) {
    return [self = std::move(self), task = std::move(task)](auto result) mutable {
      const auto socket = self->socket_;
      socket->Run([self = std::move(self), task = std::move(task), result = std::move(result)]() mutable {
        if (!self->ended_) task(*self, std::move(result));
      });
    };
  }

  const Dialect dialect_;
  const std::shared_ptr<http::socketio::Socket> socket_;
  const Credentials credentials_;
  const std::shared_ptr<storage::Instance> instance_;
  std::string key_;
  const storage::Cursor head_;  // The log's head when the client connected.
  const SteadyTime connected_at_;
  StoredSession stored_;
  model::Position seen_;  // Frames up to here are not sent.
  bool ended_ = false;
  bool closed_by_us_ = false;
  SessionStore::Use use_;

 private:
  void Subscribe(std::vector<std::string> names, std::optional<uint64_t> ack_id);
  void Answer(std::optional<uint64_t> ack_id, const absl::Status& status);

  StreamRegistry::Ticket ticket_;
  bool pulling_ = false;
  bool asking_ = false;
  std::optional<model::FrameReader> reader_;  // Uses the names as of the last delivery.
  bool names_changed_ = false;                // Since the last delivery.
  bool reading_ = false;                      // The reader may have more frames of the last delivery.
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_SOCKET_H_
