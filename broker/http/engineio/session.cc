#include "broker/http/engineio/session.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/http/engineio/bad_request.h"
#include "broker/http/engineio/client_library.h"
#include "broker/http/engineio/random_id.h"
#include "broker/http/engineio/session_gone.h"
#include "proto/errors.h"

namespace playhead::broker::http::engineio {
namespace {

// The payload of the ping and pong by which a client checks whether a WebSocket gets through.
constexpr char kProbe[] = "probe";

// How long a poll during an upgrade waits for the upgrade to complete.
constexpr absl::Duration kHeldPollDelay = absl::Milliseconds(100);

Message Control(PacketType type, std::string data = "") { return EncodeFrame({type, {std::move(data)}}); }

Request WithoutBody(Request request) {
  request.body = std::string();
  return request;
}

void Refuse(BadRequest error, Responder responder) { std::move(responder).Send(BadRequestResponse(error)); }

}  // namespace

Session::Session(std::shared_ptr<Shared> shared, Request handshake)
    : shared_(std::move(shared)), id_(RandomId()), handshake_(WithoutBody(std::move(handshake))) {}

WebSocketLink::Limits Session::link_limits() const {
  // A single packet may exceed the buffer limit, and may follow others that are being written.
  return {options().payload_bytes_max, 4 * options().bytes_buffered_max, options().bytes_received_max};
}

bool Session::Begin() {
  if (!shared_->table.Add(shared_from_this(), options().sessions_max)) return false;
  Expect(SteadyNow());
  poll_answered_at_ = SteadyNow();
  ArmTimer(ping_at_);
  handler_ = shared_->open(shared_from_this());
  return true;
}

std::string Session::OpenPacket(bool by_polling) const {
  return absl::StrCat(R"({"sid":")", id_, R"(","upgrades":[)", by_polling ? R"("websocket")" : "",
                      R"(],"pingInterval":)", absl::ToInt64Milliseconds(options().ping_interval), R"(,"pingTimeout":)",
                      absl::ToInt64Milliseconds(options().ping_timeout), R"(,"maxPayload":)",
                      options().payload_bytes_max, "}");
}

void Session::OpenByPolling(Responder responder) {
  if (!Begin()) {
    return std::move(responder).Refuse(MakeError(Reason::kConnectionsLimit, "the broker takes no more sessions now"));
  }
  std::move(responder).Send(PollResponse(Control(PacketType::kOpen, OpenPacket(/*by_polling=*/true)).data));
}

void Session::OpenByWebSocket(std::shared_ptr<Session> session, Request request, Responder responder) {
  const WebSocketLink::Limits limits = session->link_limits();
  WebSocketLink::Accept(std::move(request), std::move(responder), limits, std::move(session));
}

void Session::OnPoll(Responder responder) {
  if (!ended_ && SteadyNow() >= pong_by_) End(Ending::kSilence, kCloseAbnormal, "");  // The timer is late.
  if (ended_) return Refuse(BadRequest::kSessionUnknown, std::move(responder));
  if (link_ != nullptr) return Refuse(BadRequest::kBadRequest, std::move(responder));
  if (poll_ != nullptr || held_poll_) {
    End(Ending::kOverlap, kCloseAbnormal, "");
    return Refuse(BadRequest::kBadRequest, std::move(responder));
  }
  if (!buffer_.empty()) {
    std::move(responder).Send(PollResponse(TakePayload()));
    return NotifyWritable();
  }
  if (probed_) return HoldPoll(std::move(responder));
  poll_ = Poll::Start(std::move(responder), [weak = weak_from_this()] {
    // The client did not get the answer, so it cannot continue.
    if (const auto self = weak.lock()) self->Run([self] { self->End(Ending::kSilence, kCloseAbnormal, ""); });
  });
}

// Only the other connection, whose "5" may be in flight, can tell whether this poll precedes the upgrade.
void Session::HoldPoll(Responder responder) {
  held_poll_ = std::move(responder);
  shared_->timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(kHeldPollDelay),
                           [weak = weak_from_this(), number = ++held_poll_number_] {
                             const auto self = weak.lock();
                             if (self == nullptr) return;
                             self->Run([self, number] {
                               if (self->held_poll_ && self->held_poll_number_ == number) self->ReleasePoll();
                             });
                           });
}

void Session::ReleasePoll() {
  if (!held_poll_) return;
  Responder responder = *std::exchange(held_poll_, std::nullopt);
  if (ended_ || link_ != nullptr) return Refuse(BadRequest::kBadRequest, std::move(responder));
  poll_answered_at_ = SteadyNow();
  std::move(responder).Send(PollResponse(Control(PacketType::kNoop).data));
}

void Session::OnPost(const Request& request, Responder responder) {
  if (ended_) return AnswerSessionGone(request, std::move(responder));
  if (link_ != nullptr) return Refuse(BadRequest::kBadRequest, std::move(responder));
  bool good = !absl::StartsWith(request.Header("Content-Type").value_or(""), "application/octet-stream");
  if (request.body.size() > options().payload_bytes_max) {
    End(Ending::kOurs, kCloseTooBig, "");
    return std::move(responder).Refuse(
        MakeError(Reason::kBodyTooLarge, absl::StrCat("at most ", options().payload_bytes_max, " bytes are taken")));
  }
  for (PayloadReader reader(request.body); good && !ended_ && !reader.AtEnd();) {
    std::optional<Packet> packet = reader.Next();
    const bool is_last = packet && packet->type == PacketType::kClose;
    good = packet && OnPacket(*std::move(packet)) && (!ended_ || is_last);
  }
  if (good) return std::move(responder).Send(TextResponse(200, "ok"));
  End(Ending::kOurs, kClosePolicy, "");
  Refuse(BadRequest::kBadRequest, std::move(responder));
}

void Session::OnUpgrade(Request request, Responder responder) {
  if (ended_) return Refuse(BadRequest::kSessionUnknown, std::move(responder));
  // If there is another one already, it is closed as soon as it opens: clients treat a refusal as an error.
  WebSocketLink::Accept(std::move(request), std::move(responder), link_limits(), shared_from_this());
}

void Session::OnLinkOpen(std::shared_ptr<WebSocketLink> link) {
  Run([this, link = std::move(link)]() mutable { BeginLink(std::move(link)); });
}

void Session::OnLinkFrame(std::shared_ptr<WebSocketLink> link, Message frame) {
  Run([this, link = std::move(link), frame = std::move(frame)]() mutable {
    link->Consumed(frame);
    OnFrame(link, std::move(frame));
  });
}

void Session::OnLinkWritten(std::shared_ptr<WebSocketLink> link) {
  Run([this, link = std::move(link)] {
    if (link != link_) return;
    link_busy_ = false;
    Flush();
    NotifyWritable();
  });
}

void Session::OnLinkStopping(std::shared_ptr<WebSocketLink> link) {
  Run([this, link = std::move(link)] {
    if (link == link_) return End(Ending::kOurs, kCloseGoingAway, "");
    link->Close(kCloseGoingAway, "");
  });
}

void Session::OnLinkClosed(std::shared_ptr<WebSocketLink> link) {
  Run([this, link = std::move(link)] {
    if (link == link_) return End(Ending::kSilence, kCloseAbnormal, "");
    if (link == probe_) DropProbe();
  });
}

void Session::BeginLink(std::shared_ptr<WebSocketLink> link) {
  const bool is_new = handler_ == nullptr && !ended_;
  if (is_new) {
    link_ = std::move(link);
    if (!Begin()) return End(Ending::kOurs, kCloseTryAgainLater, "");
    return Enqueue({PacketType::kOpen, {OpenPacket(/*by_polling=*/false)}});
  }
  if (ended_ || link_ != nullptr || probe_ != nullptr) return link->Close(kClosePolicy, "");
  probe_ = std::move(link);
  const auto on_timeout = [weak = weak_from_this(), probe = std::weak_ptr<WebSocketLink>(probe_)] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->Run([self, probe] {
      if (probe.lock() == self->probe_) self->DropProbe();  // Otherwise the attempt has ended, and another has begun.
    });
  };
  probe_timer_ =
      shared_->timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(options().upgrade_timeout), on_timeout);
}

void Session::DropProbe() {
  if (probe_ == nullptr) return;
  // engine.io-client (6.6) that loses the WebSocket after it got the pong, and then gets an answer to its poll, does
  // not poll again and notices nothing for 45 s. If the session ends, it reconnects at once.
  if (probed_) return End(Ending::kSilence, kCloseAbnormal, "");
  shared_->timers.Cancel(probe_timer_);
  probe_->Abort();
  probe_ = nullptr;
}

void Session::OnFrame(const std::shared_ptr<WebSocketLink>& link, Message frame) {
  if (ended_) return;
  if (link == probe_) return OnProbeFrame(std::move(frame));
  if (link != link_) return;
  std::optional<Packet> packet = DecodeFrame(std::move(frame));
  if (!packet || !OnPacket(*std::move(packet))) End(Ending::kOurs, kClosePolicy, "");
}

void Session::OnProbeFrame(Message frame) {
  const std::optional<Packet> packet = DecodeFrame(std::move(frame));
  const bool is_probe = packet && packet->type == PacketType::kPing && packet->payload.data == kProbe;
  const bool is_upgrade = packet && packet->type == PacketType::kUpgrade;
  if (!is_probe && !is_upgrade) return DropProbe();
  // The client waits for its poll to end, so that packets never travel on both transports at once.
  poll_answered_at_ = SteadyNow();
  if (poll_ != nullptr) std::exchange(poll_, nullptr)->Answer(Control(PacketType::kNoop).data);
  if (is_probe) {
    probed_ = true;
    return probe_->Send({Control(PacketType::kPong, kProbe)});
  }
  shared_->timers.Cancel(probe_timer_);
  link_ = std::exchange(probe_, nullptr);
  probed_ = false;
  ReleasePoll();
  Flush();
}

bool Session::OnPacket(Packet packet) {
  switch (packet.type) {
    case PacketType::kClose:
      End(Ending::kByClient, kCloseNormal, "");
      return true;
    case PacketType::kPong:
      OnPong();
      return true;
    case PacketType::kMessage: {
      const auto handler = handler_;
      handler->OnMessage(std::move(packet.payload));
      return true;
    }
    case PacketType::kUpgrade:
    case PacketType::kNoop:
      return true;
    case PacketType::kOpen:
    case PacketType::kPing:
      return false;
  }
  return false;
}

uint64_t Session::Ping() {
  Enqueue({PacketType::kPing});
  return ++pings_sent_;
}

void Session::OnPong() {
  Expect(SteadyNow());
  if (pongs_received_ == pings_sent_) return;  // Unsolicited.
  ++pongs_received_;
  const auto handler = handler_;
  handler->OnPong(pongs_received_);
}

void Session::Enqueue(Packet packet) {
  if (ended_) return;
  buffered_bytes_ += packet.payload.data.size();
  buffer_.push_back(std::move(packet));
  if (buffer_.size() > options().packets_buffered_max ||
      (buffered_bytes_ > options().bytes_buffered_max && buffer_.size() > 1)) {
    return End(Ending::kOurs, kClosePolicy, "the client does not read");
  }
  // After the current task, so that everything it sends goes together.
  if (!std::exchange(flush_due_, true)) {
    Run([this] {
      flush_due_ = false;
      Flush();
    });
  }
}

void Session::Flush() {
  if (ended_ || buffer_.empty()) return;
  if (link_ != nullptr) {
    if (std::exchange(link_busy_, true)) return;
    std::vector<Message> frames;
    frames.reserve(buffer_.size());
    for (Packet& packet : buffer_) frames.push_back(EncodeFrame(std::move(packet)));
    buffer_.clear();
    buffered_bytes_ = 0;
    return link_->Send(std::move(frames));
  }
  if (poll_ == nullptr) return;
  std::exchange(poll_, nullptr)->Answer(TakePayload());
  NotifyWritable();
}

absl::Duration Session::Silence() const {
  if (ended_ || link_ != nullptr || poll_ != nullptr || held_poll_) return absl::ZeroDuration();
  return absl::FromChrono(SteadyNow() - poll_answered_at_);
}

std::string Session::TakePayload() {
  poll_answered_at_ = SteadyNow();
  std::string payload;
  for (size_t i = 0; i < kPollPacketsMax && !buffer_.empty(); ++i) {
    buffered_bytes_ -= buffer_.front().payload.data.size();
    AppendToPayload(buffer_.front(), payload);
    buffer_.pop_front();
  }
  return payload;
}

void Session::NotifyWritable() {
  if (handler_ == nullptr || !writable()) return;
  const auto handler = handler_;
  handler->OnWritable();
}

void Session::Expect(SteadyTime now) {
  pinged_ = false;
  ping_at_ = now + absl::ToChronoNanoseconds(options().ping_interval);
  pong_by_ = ping_at_ + absl::ToChronoNanoseconds(options().ping_timeout);
}

// One timer: when it fires early it is set again for the current deadline.
void Session::ArmTimer(SteadyTime when) {
  timer_ = shared_->timers.Schedule(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Run([self] { self->OnTimer(); });
  });
}

void Session::OnTimer() {
  if (ended_) return;
  const SteadyTime now = SteadyNow();
  if (now >= pong_by_) return End(Ending::kSilence, kCloseAbnormal, "");
  if (!pinged_ && now >= ping_at_) {
    pinged_ = true;
    Ping();
  }
  if (!ended_) ArmTimer(pinged_ ? pong_by_ : ping_at_);
}

void Session::End(Ending ending, CloseCode code, absl::string_view reason) {
  if (std::exchange(ended_, true)) return;
  shared_->table.Remove(id_);
  shared_->timers.Cancel(timer_);
  shared_->timers.Cancel(probe_timer_);
  if (poll_ != nullptr) {
    switch (ending) {
      case Ending::kByClient:
        poll_->Answer(Control(PacketType::kNoop).data);
        break;
      case Ending::kOverlap:
        poll_->Answer(Control(PacketType::kClose).data);
        break;
      case Ending::kOurs:
      case Ending::kSilence:
        poll_->Abort();
        break;
    }
  }
  if (link_ != nullptr) {
    // python-engineio (4.3.4) that still has something to write when it gets a close frame notices nothing for 30 s.
    const bool without_a_word = ending == Ending::kSilence || (ending == Ending::kOurs && IsPython(handshake_));
    without_a_word ? link_->Abort() : link_->Close(code, reason);
  }
  if (probe_ != nullptr) probe_->Abort();
  poll_ = nullptr;
  link_ = nullptr;
  probe_ = nullptr;
  buffer_.clear();
  ReleasePoll();
  if (const auto handler = std::exchange(handler_, nullptr)) {
    Run([handler] { handler->OnClosed(); });
  }
}

}  // namespace playhead::broker::http::engineio
