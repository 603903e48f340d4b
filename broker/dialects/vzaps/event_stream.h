// EventStream: one client's WebSocket, over which a session's events go out and acknowledgements come in.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_EVENT_STREAM_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_EVENT_STREAM_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/http/websocket.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/sessions/acked_session.h"
#include "broker/stream_registry.h"

namespace playhead::broker::vzaps {

// Frames are rendered until so much is on its way to the client, and then again once it has taken them.
inline constexpr size_t kUnsentBytesTarget = size_t{64} << 10;
// A client's message; a longer one ends the connection with 1009.
inline constexpr size_t kClientMessageBytesMax = size_t{64} << 10;
// For clients that take a silent connection for dead after 5 s.
inline constexpr absl::Duration kPongInterval = absl::Milliseconds(3'500);

// How long a client may take to answer the end of its connection: some never do, and none shall hold up a restart.
inline constexpr absl::Duration kCloseGrace = absl::Milliseconds(200);

struct StreamOptions {
  model::NameFilter filter;
  model::Position seen;  // Of a session that is new: its first frame is behind this.
  absl::Duration first_frame_delay;
  bool sends_pongs = false;  // Rather than pings.
};

// Delivers only what the client takes: the session is asked for more when the socket has taken all before.
//
// Thread safety: as WebSocketHandler, on the connection's thread; Close on any.
class EventStream final : public http::WebSocketHandler,
                          public ClosableStream,
                          public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(const Core& core, StreamOptions options) : core_(core), options_(std::move(options)) {}
  ~EventStream() override;

  // Before the connection is accepted: what it holds of the broker's streams, and the session.
  void AddTicket(StreamRegistry::Ticket ticket) { tickets_.push_back(std::move(ticket)); }
  void SetSession(std::shared_ptr<AckedSession> session);

  static http::WebSocketOptions SocketOptions(bool sends_pongs);

  // ClosableStream.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

  // WebSocketHandler.
  void OnOpen(std::shared_ptr<http::WebSocket> socket) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnText(std::string message) override;
  void OnBinary(std::string /*message*/) override {}
  void OnWritable() override { SendFrames(); }
  void OnStopping() override;
  void OnClosed(http::CloseCode code) override;

 private:
  // Runs `task` on the connection's thread, after `delay`.
  void After(absl::Duration delay, absl::AnyInvocable<void(EventStream&)> task);
  void Ask();
  void OnDelivery(SessionDelivery delivery);
  void SendFrames();
  void KeepAwake();
  void CloseSocket(const absl::Status& status);

  const Core core_;
  const StreamOptions options_;
  std::vector<StreamRegistry::Ticket> tickets_;
  std::shared_ptr<AckedSession> session_;

  absl::Mutex mu_;
  std::shared_ptr<http::WebSocket> shared_socket_ ABSL_GUARDED_BY(mu_);  // For Close.
  absl::Status closed_early_ ABSL_GUARDED_BY(mu_);                       // Before there was a socket.

  // For the connection's thread.
  std::shared_ptr<http::WebSocket> socket_;
  std::optional<model::FrameReader> reader_;
  bool asking_ = false;
  bool client_left_ = true;  // Unless it is the broker that ends the connection.
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_EVENT_STREAM_H_
