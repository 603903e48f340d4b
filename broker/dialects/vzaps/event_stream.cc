#include "broker/dialects/vzaps/event_stream.h"

#include <utility>
#include <variant>

#include "broker/dialects/vzaps/ack.h"
#include "broker/dialects/vzaps/renderer.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

// SDKs reconnect whatever the code is. It is for people, and for Python's SDK, which reports all codes but 1000 and
// 1001 as errors.
http::CloseCode CloseCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return http::kClosePolicy;
    case absl::StatusCode::kUnavailable:  // The broker stops.
    case absl::StatusCode::kAborted:      // The client's next connection has the session.
    case absl::StatusCode::kNotFound:     // The instance was deleted.
      return http::kCloseGoingAway;
    case absl::StatusCode::kResourceExhausted:
      return http::kCloseTryAgainLater;
    default:
      return http::kCloseInternal;
  }
}

}  // namespace

EventStream::~EventStream() {
  // If the handshake failed, OnClosed was not called.
  if (session_ != nullptr) session_->End(/*client_left=*/false);
}

void EventStream::SetSession(std::shared_ptr<AckedSession> session) {
  session_ = std::move(session);
  reader_.emplace(kRendering, session_->instance()->name(), options_.seen, options_.filter,
                  model::FrameReader::Counters{figures_.events_not_rendered, figures_.neutral_values});
}

http::WebSocketOptions EventStream::SocketOptions(bool sends_pongs) {
  http::WebSocketOptions options;
  options.message_bytes_max = kClientMessageBytesMax;
  if (sends_pongs) options.ping_interval.reset();  // Its answers to pings violate the protocol.
  return options;
}

void EventStream::Close(absl::Status status) {
  std::shared_ptr<http::WebSocket> socket;
  {
    absl::MutexLock lock(&mu_);
    if (shared_socket_ == nullptr) {
      closed_early_.Update(status);
      return;
    }
    socket = shared_socket_;
  }
  socket->Post([self = shared_from_this(), status = std::move(status)] { self->CloseSocket(status); });
}

void EventStream::OnOpen(std::shared_ptr<http::WebSocket> socket) {
  socket_ = std::move(socket);
  absl::Status closed;
  {
    absl::MutexLock lock(&mu_);
    shared_socket_ = socket_;
    closed = closed_early_;
  }
  if (!closed.ok()) return CloseSocket(closed);
  After(options_.first_frame_delay, [](EventStream& self) { self.Ask(); });
  if (options_.sends_pongs) KeepAwake();
}

void EventStream::OnText(std::string message) {
  if (const auto frame = ParseAck(message)) session_->Ack(*frame);
}

void EventStream::OnStopping() { CloseSocket(MakeError(Reason::kShuttingDown, "the broker stops")); }

void EventStream::OnClosed(http::CloseCode /*code*/) {
  session_->End(client_left_);
  socket_ = nullptr;
  tickets_.clear();
  absl::MutexLock lock(&mu_);
  shared_socket_ = nullptr;
}

void EventStream::After(absl::Duration delay, absl::AnyInvocable<void(EventStream&)> task) {
  core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(delay),
                        [weak = weak_from_this(), socket = socket_, task = std::move(task)]() mutable {
                          socket->Post([weak = std::move(weak), task = std::move(task)]() mutable {
                            const auto self = weak.lock();
                            if (self != nullptr && self->socket_ != nullptr) task(*self);
                          });
                        });
}

void EventStream::Ask() {
  if (std::exchange(asking_, true)) return;
  session_->Next([self = shared_from_this(), socket = socket_](SessionDelivery delivery) mutable {
    http::WebSocket& on = *socket;
    on.Post([self = std::move(self), delivery = std::move(delivery)]() mutable {
      if (self->socket_ != nullptr) self->OnDelivery(std::move(delivery));
    });
  });
}

void EventStream::OnDelivery(SessionDelivery delivery) {
  asking_ = false;
  if (const auto* const closed = std::get_if<Closed>(&delivery)) return CloseSocket(closed->status);
  reader_->Add(std::move(std::get<SessionEvents>(delivery).slices));
  SendFrames();
}

void EventStream::SendFrames() {
  size_t bytes = 0;
  while (!asking_ && bytes < kUnsentBytesTarget) {
    std::optional<model::Frame> frame = reader_->Next();
    if (!frame) {
      if (bytes == 0) Ask();
      return;
    }
    session_->Sent(frame->position);
    std::string text = WriteFrame(*frame, session_->instance()->name());
    bytes += text.size();
    socket_->SendText(std::move(text));
  }
}

void EventStream::KeepAwake() {
  socket_->SendPong();
  After(kPongInterval, [](EventStream& self) { self.KeepAwake(); });
}

void EventStream::CloseSocket(const absl::Status& status) {
  if (socket_ == nullptr) return;
  client_left_ = false;
  socket_->Close(CloseCodeOf(status), status.message());
  After(kCloseGrace, [](EventStream& self) { self.socket_->Abort(); });
}

}  // namespace playhead::broker::vzaps
