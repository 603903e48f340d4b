// A session of Engine.IO: one client, over long-polling, over a WebSocket, or over the first and then the second.
//
//                       handshake by polling                  "5" on a WebSocket of the same session
//     [made] ------------------------------------> [polling] -----------------------------> [WebSocket]
//        |              handshake by WebSocket          |                                        ^  |
//        +----------------------------------------------|----------------------------------------+  |
//                                                       v                                           v
//                         [ended]: closed by either side, not polled or not answering pings, or a violation
//
// Everything of a session happens on its strand, whichever connection, timer or log brings it. What is not said
// otherwise here is to be called there.
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

// What an application does with one session. The session owns it, until after OnClosed.
class SessionHandler {
 public:
  virtual ~SessionHandler() = default;
  virtual void OnMessage(Message message) = 0;
  // The client's side has taken what was sent. May come more often than that.
  virtual void OnWritable() = 0;
  // The client's side has read everything that was sent before this Session::Ping.
  virtual void OnPong(uint64_t /*ping*/) {}
  // Last.
  virtual void OnClosed() = 0;
};

// What the sessions of a server share.
struct Shared {
  Options options;
  TimerQueue& timers;
  // Makes the handler of a session that has opened; on its strand.
  std::function<std::shared_ptr<SessionHandler>(std::shared_ptr<Session>)> open;
  SessionTable<Session> table;
};

// Thread safety: Run, id, handshake and the OnLink methods may be called from any thread.   Blocking: none.
class Session final : public WebSocketLinkOwner, public std::enable_shared_from_this<Session> {
 public:
  // `handshake`: the request that asks for the session; its body is dropped.
  Session(std::shared_ptr<Shared> shared, Request handshake);

  // Runs `task` on the strand.
  void Run(absl::AnyInvocable<void()> task) {
    const auto self = shared_from_this();
    strand_.Run(std::move(task));
  }

  const std::string& id() const { return id_; }
  // Who asked; for credentials.
  const Request& handshake() const { return handshake_; }

  // For the application.

  // Sends behind what was sent before. Does nothing once the session has ended.
  void Send(Message message) { Enqueue({PacketType::kMessage, std::move(message)}); }
  // Pings the client behind what was sent before: SessionHandler::OnPong comes with the number that this gives, or with
  // a higher one. Numbers rise. The client is also pinged by the session itself.
  uint64_t Ping();
  // Everything sent was taken: time to send more. If not, OnWritable will come.
  bool writable() const { return buffer_.empty() && !link_busy_; }
  bool ended() const { return ended_; }
  // How long a client that polls has not come back after an answer; zero if it waits for one, or has a WebSocket. A
  // client that has lost its connection meanwhile is not seen to be gone before it should have answered a ping.
  absl::Duration Silence() const;
  // Ends the session in a way that clients take for a lost connection, so that they come back: a WebSocket is closed
  // with `code`, Python's without a word; a poll fails. OnClosed follows, not within this call.
  void Close(CloseCode code, absl::string_view reason) { End(Ending::kOurs, code, reason); }

  // For the server.

  // Begins, and answers the handshake.
  void OpenByPolling(Responder responder);
  // A WebSocket without a session of its own becomes one when it opens.
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

  // False, and nothing is done, if there are too many sessions, or the server stops.
  bool Begin();
  std::string OpenPacket(bool by_polling) const;
  void BeginLink(std::shared_ptr<WebSocketLink> link);
  void OnFrame(const std::shared_ptr<WebSocketLink>& link, Message frame);
  void OnProbeFrame(Message frame);
  // The WebSocket that was about to take over will not. Ends the session if the client waited for nothing else.
  void DropProbe();
  void HoldPoll(Responder responder);
  void ReleasePoll();

  // False if it is a violation.
  bool OnPacket(Packet packet);
  void Enqueue(Packet packet);
  // Hands what is buffered to the transport, if that can take it.
  void Flush();
  // Of at most kPollPacketsMax packets.
  std::string TakePayload();
  // After a handler may have seen the buffer empty.
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

  // Of the strand.
  std::shared_ptr<SessionHandler> handler_;  // From Begin to End.
  bool ended_ = false;
  std::shared_ptr<Poll> poll_;            // Waits for packets.
  std::shared_ptr<WebSocketLink> link_;   // Once it is the transport.
  std::shared_ptr<WebSocketLink> probe_;  // About to become it.
  SteadyTime poll_answered_at_;
  std::optional<Responder> held_poll_;  // Came while `probed_`.
  uint64_t held_poll_number_ = 0;
  bool probed_ = false;  // The client knows that `probe_` works, and polls no more.
  TimerQueue::Id probe_timer_;

  std::deque<Packet> buffer_;
  size_t buffered_bytes_ = 0;
  bool flush_due_ = false;
  bool link_busy_ = false;  // What was handed to it is not written yet.

  // When the next ping is due, and by when its pong must have come.
  SteadyTime ping_at_;
  SteadyTime pong_by_;
  bool pinged_ = false;
  TimerQueue::Id timer_;
  // Pongs name no ping, and come in the order of the pings.
  uint64_t pings_sent_ = 0;
  uint64_t pongs_received_ = 0;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_H_
