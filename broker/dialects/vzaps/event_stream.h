// EventStream: one client's WebSocket, which carries a session's events out and acknowledgements in.
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
#include "broker/metrics/metrics.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/sessions/acked_session.h"
#include "broker/stream_registry.h"

namespace playhead::broker::vzaps {

// Frames are rendered until this much is unsent, and again once the client has taken all of it.
inline constexpr size_t kUnsentBytesTarget = size_t{64} << 10;
// The maximum size of a client's message; a longer one ends the connection with 1009.
inline constexpr size_t kClientMessageBytesMax = size_t{64} << 10;
// For clients that consider a connection dead after 5 s of silence.
inline constexpr absl::Duration kPongInterval = absl::Milliseconds(3'500);

// How long a client may take to answer a close: some never do, and none may delay a restart.
inline constexpr absl::Duration kCloseGrace = absl::Milliseconds(200);

struct StreamOptions {
  model::NameFilter filter;
  model::Position seen;  // For a new session: frames start after this position.
  absl::Duration first_frame_delay;
  bool sends_pongs = false;  // Instead of pings.
};

// Flow control: asks the session for more only when the socket has taken everything before.
//
// Thread safety: as WebSocketHandler, on the connection's thread; Close from any thread.
class EventStream final : public http::WebSocketHandler,
                          public ClosableStream,
                          public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(const Core& core, const Metrics::Dialect& figures, StreamOptions options)
      : core_(core), figures_(figures), options_(std::move(options)) {}
  ~EventStream() override;

  // Call these before the connection is accepted: they pass the connection's tickets and its session.
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
  const Metrics::Dialect figures_;
  const StreamOptions options_;
  std::vector<StreamRegistry::Ticket> tickets_;
  std::shared_ptr<AckedSession> session_;

  absl::Mutex mu_;
  std::shared_ptr<http::WebSocket> shared_socket_ ABSL_GUARDED_BY(mu_);  // For Close.
  absl::Status closed_early_ ABSL_GUARDED_BY(mu_);                       // A Close before OnOpen.

  // For the connection's thread.
  std::shared_ptr<http::WebSocket> socket_;
  std::optional<model::FrameReader> reader_;
  bool asking_ = false;
  bool client_left_ = true;  // False if the broker ends the connection.
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_EVENT_STREAM_H_
