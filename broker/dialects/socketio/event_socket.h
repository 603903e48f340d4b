// EventSocket: one client of this dialect: what it is subscribed to, and the frames on their way to it.
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
#include "broker/model/frame_reader.h"
#include "broker/sessions/session_store.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/block.h"
#include "storage/event_log.h"

namespace playhead::broker::socketio {

// What all sockets share.
struct Dialect {
  Core core;
  SessionStore& sessions;
  const Options& options;
  const http::engineio::Options& engine;  // Of the server whose sockets they are.
  const std::atomic<bool>& stopping;      // The broker, and with it every connection.
};

// How a connection ends over `status`; clients come back from either.
inline http::CloseCode CloseCodeOf(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted ? http::kCloseTryAgainLater : http::kCloseGoingAway;
}

// What a client listens to is asked for with events of its own, each of which may ask for an acknowledgement:
//
//   subscribe    names   more names; {"ok":true,"events":[all of them]}
//   unsubscribe  names   fewer; without names none; the same
//   list                 the same
//
// {"ok":false,"error":{"code":...,"message":...}} if they make no sense. Nothing is pulled from the log while the
// client's side has not taken what was sent. All of it is for the socket's strand, but Close.
class EventSocket : public http::socketio::SocketHandler,
                    public ClosableStream,
                    public std::enable_shared_from_this<EventSocket> {
 public:
  // The subscriber is counted against `ticket` while it lives. The record of `key` is in `stored`'s form.
  EventSocket(const Dialect& dialect, std::shared_ptr<http::socketio::Socket> socket, Credentials credentials,
              std::shared_ptr<storage::Instance> instance, std::string key, StoredSession stored);

  // When it is accepted.
  virtual void Start() = 0;

  void SetTicket(StreamRegistry::Ticket ticket) { ticket_ = std::move(ticket); }
  // Makes or changes the record of the session.
  absl::Status Store();

  // ClosableStream. Clients come back from this by themselves.
  void Close(absl::Status status) override;

  void OnEvent(http::socketio::Event event) override;
  void OnWritable() override { Pump(); }
  void OnDisconnect(bool left) override;

 protected:
  // Whether the client has only now, with the names that it has, something to read: SetBeginning, and then Open.
  virtual bool Begins() const = 0;
  // Reads from `stored_.position` on.
  virtual void Open() = 0;
  // Pulls the next delivery; then Deliver. Called once for each.
  virtual void Ask() = 0;
  virtual void Emit(model::Frame frame) = 0;
  virtual void OnEnd(bool left) = 0;

  // Sets where a client begins that has just subscribed for the first time.
  void SetBeginning();
  // Where reading goes on, and the first frame that is sent.
  storage::Cursor ResumePosition();
  // Begins to pull.
  void StartPulling();
  void Deliver(std::vector<storage::BlockSlice> slices);
  // Nothing came with the last delivery.
  void DeliverNothing();
  void Pump();
  // Runs `task` on the strand while the socket lives.
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
  const storage::Cursor head_;  // Of the log when the client connected.
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
  std::optional<model::FrameReader> reader_;  // For the names as they were with the last delivery.
  bool names_changed_ = false;                // Since then.
  bool reading_ = false;                      // The reader has more of the last delivery.
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_EVENT_SOCKET_H_
