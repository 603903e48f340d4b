// A session of Engine.IO: one client, over long polling, over a WebSocket, or first one and then the other.
//
//                       handshake by polling                  "5" on a WebSocket of the same session
//     [made] ------------------------------------> [polling] -----------------------------> [WebSocket]
//        |              handshake by WebSocket          |                                        ^  |
//        +----------------------------------------------|----------------------------------------+  |
//                                                       v                                           v
//                         [ended]: closed by either side, not polled or not answering pings, or a violation
//
// Everything about a session happens on its strand, whichever connection, timer or log causes it. Methods must be
// called on the strand unless they say otherwise.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "broker/http/engineio/options.h"
#include "broker/http/engineio/packet.h"
#include "broker/http/engineio/poll.h"
#include "broker/http/engineio/session_table.h"
#include "broker/http/engineio/strand.h"
#include "broker/http/engineio/websocket_link.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/timer_queue.h"

namespace playhead::broker::http::engineio {

class Session;

// The application's side of one session. The session owns it, until after OnClosed.
class SessionHandler {
 public:
  virtual ~SessionHandler() = default;
  virtual void OnMessage(Message message) = 0;
  // The session is writable again. May also be called without need.
  virtual void OnWritable() = 0;
  // The client's side has read everything that was sent before this Session::Ping.
  virtual void OnPong(uint64_t /*ping*/) {}
  // Called last.
  virtual void OnClosed() = 0;
};

// State that the sessions of a server share.
struct Shared {
  Options options;
  TimerQueue& timers;
  // Creates the handler of a new session; called on its strand.
  std::function<std::shared_ptr<SessionHandler>(std::shared_ptr<Session>)> open;
  SessionTable<Session> table;
};

// Thread safety: Run, id, handshake and the OnLink methods may be called from any thread.   Blocking: none.
class Session final : public WebSocketLinkOwner, public std::enable_shared_from_this<Session> {
 public:
  // `handshake`: the request that opened the session; its body is dropped.
  Session(std::shared_ptr<Shared> shared, Request handshake);

  // Runs `task` on the strand.
  void Run(absl::AnyInvocable<void()> task) {
    const auto self = shared_from_this();
    strand_.Run(std::move(task));
  }

  const std::string& id() const { return id_; }
  // The request that opened the session; for credentials.
  const Request& handshake() const { return handshake_; }

  // For the application.

  // Sends after what was sent before. Does nothing once the session has ended.
  void Send(Message message) { Enqueue({PacketType::kMessage, std::move(message)}); }
  // Pings the client after what was sent before: SessionHandler::OnPong is called with the returned number, or with a
  // higher one. Numbers increase. The session also pings the client itself.
  uint64_t Ping();
  // Whether everything that was sent has been written, or handed to a poll: time to send more. If not, OnWritable will
  // be called.
  bool writable() const { return buffer_.empty() && !link_busy_; }
  bool ended() const { return ended_; }
  // How long a polling client has not polled again after an answer; zero while a poll waits, or with a WebSocket. A
  // client that lost its connection after its last answer is only detected when it fails to answer a ping.
  absl::Duration Silence() const;
  // Ends the session in a way that clients take for a lost connection, so that they reconnect: a WebSocket is closed
  // with `code`, but Python's is aborted; a poll fails. OnClosed follows, not within this call.
  void Close(CloseCode code, absl::string_view reason) { End(Ending::kOurs, code, reason); }

  // For the server.

  // Begins the session, and answers the handshake.
  void OpenByPolling(Responder responder);
  // The session of a direct WebSocket begins when the WebSocket opens.
  static void OpenByWebSocket(std::shared_ptr<Session> session, Request request, Responder responder);
  void OnPoll(Responder responder);
  void OnPost(const Request& request, Responder responder);
  void OnUpgrade(Request request, Responder responder);

  // For its links.
  void OnLinkOpen(std::shared_ptr<WebSocketLink> link) override;
  void OnLinkFrame(std::shared_ptr<WebSocketLink> link, Message frame) override;
  void OnLinkWritten(std::shared_ptr<WebSocketLink> link) override;
  void OnLinkStopping(std::shared_ptr<WebSocketLink> link) override;
  void OnLinkClosed(std::shared_ptr<WebSocketLink> link) override;

 private:
  enum class Ending { kByClient, kOverlap, kOurs, kSilence };

  WebSocketLink::Limits link_limits() const;
  const Options& options() const { return shared_->options; }

  // Returns false, and does nothing, if there are too many sessions or the server is stopping.
  bool Begin();
  std::string OpenPacket(bool by_polling) const;
  void BeginLink(std::shared_ptr<WebSocketLink> link);
  void OnFrame(const std::shared_ptr<WebSocketLink>& link, Message frame);
  void OnProbeFrame(Message frame);
  // The WebSocket that was to take over will not. Ends the session if the client has stopped polling for it.
  void DropProbe();
  void HoldPoll(Responder responder);
  void ReleasePoll();

  // Returns false for a protocol violation.
  bool OnPacket(Packet packet);
  void Enqueue(Packet packet);
  // Hands the buffered packets to the transport, if it can take them.
  void Flush();
  // Of at most kPollPacketsMax packets.
  std::string TakePayload();
  // Calls OnWritable if the session is writable.
  void NotifyWritable();

  void ArmTimer(SteadyTime when);
  void OnTimer();
  void OnPong();
  void Expect(SteadyTime now);

  void End(Ending ending, CloseCode code, absl::string_view reason);

  const std::shared_ptr<Shared> shared_;
  const std::string id_;
  const Request handshake_;
  Strand strand_;

  // For the strand only.
  std::shared_ptr<SessionHandler> handler_;  // From Begin to End.
  bool ended_ = false;
  std::shared_ptr<Poll> poll_;            // The poll that waits for packets.
  std::shared_ptr<WebSocketLink> link_;   // Set once it is the transport.
  std::shared_ptr<WebSocketLink> probe_;  // To become the transport.
  SteadyTime poll_answered_at_;
  std::optional<Responder> held_poll_;  // A poll that came while `probed_`.
  uint64_t held_poll_number_ = 0;
  bool probed_ = false;  // The client knows that `probe_` works, and stops polling.
  TimerQueue::Id probe_timer_;

  std::deque<Packet> buffer_;
  size_t buffered_bytes_ = 0;
  bool flush_due_ = false;
  bool link_busy_ = false;  // Packets handed to the link are not written yet.

  // When the next ping is due, and by when its pong must arrive.
  SteadyTime ping_at_;
  SteadyTime pong_by_;
  bool pinged_ = false;
  TimerQueue::Id timer_;
  // Pongs do not identify their ping; they come in the order of the pings.
  uint64_t pings_sent_ = 0;
  uint64_t pongs_received_ = 0;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_H_
