#include "broker/http/socketio/connection.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "broker/http/socketio/json.h"

namespace playhead::broker::http::socketio {
namespace {

std::vector<std::string> Copies(absl::Span<const absl::string_view> texts) {
  std::vector<std::string> copies;
  copies.reserve(texts.size());
  for (const absl::string_view text : texts) copies.emplace_back(text);
  return copies;
}

}  // namespace

std::shared_ptr<Connection> Connection::Start(std::shared_ptr<engineio::Session> session, const Namespaces& namespaces,
                                              TimerQueue& timers, absl::Duration connect_timeout) {
  std::shared_ptr<Connection> connection(new Connection(std::move(session), namespaces, timers, connect_timeout));
  connection->AwaitJoin();
  return connection;
}

void Connection::AwaitJoin() {
  timers_.Schedule(SteadyNow() + absl::ToChronoNanoseconds(connect_timeout_),
                   [weak = weak_from_this(), session = std::weak_ptr<engineio::Session>(session_)] {
                     const auto live = session.lock();
                     if (live == nullptr) return;
                     live->Run([weak] {
                       const auto self = weak.lock();
                       if (self == nullptr || !self->handlers().empty()) return;
                       const bool is_undecided = std::any_of(self->sockets_.begin(), self->sockets_.end(),
                                                             [](const auto& entry) { return !entry.second->ended(); });
                       if (is_undecided) return self->AwaitJoin();
                       self->Violation("no namespace was joined in time");
                     });
                   });
}

void Connection::OnMessage(engineio::Message message) {
  if (message.binary) {
    if (!partial_) return Violation("a binary message that belongs to no packet");
    partial_->bytes += message.data.size();
    if (partial_->bytes > kAttachmentBytesMax) return Violation("attachments that are too long");
    partial_->attachments.push_back(std::move(message.data));
    if (partial_->attachments.size() < partial_->packet.attachment_count) return;
    Partial whole = *std::exchange(partial_, std::nullopt);
    return OnPacket(std::move(whole.packet), std::move(whole.attachments));
  }
  if (partial_) return Violation("a packet amid the attachments of another");
  std::optional<Packet> packet = DecodePacket(message.data);
  if (!packet) return Violation("not a packet");
  if (packet->attachment_count > 0) {
    // Nothing is kept for a client that nobody has accepted.
    if (FindHandler(packet->name_space) == nullptr) return Violation("a packet out of place");
    partial_ = Partial{*std::move(packet), {}};
    return;
  }
  OnPacket(*std::move(packet), {});
}

void Connection::OnPacket(Packet packet, std::vector<std::string> attachments) {
  bool good = false;
  switch (packet.type) {
    case PacketType::kConnect:
      good = OnConnect(std::move(packet));
      break;
    case PacketType::kDisconnect:
      good = OnDisconnect(packet);
      break;
    case PacketType::kEvent:
    case PacketType::kAck:
    case PacketType::kBinaryEvent:
    case PacketType::kBinaryAck:
      good = OnArguments(packet, std::move(attachments));
      break;
    case PacketType::kConnectError:
      break;
  }
  if (!good) Violation("a packet out of place");
}

bool Connection::OnConnect(Packet packet) {
  auto socket = std::make_shared<Socket>(session_, packet.name_space);
  const auto served = namespaces_.find(packet.name_space);
  if (served == namespaces_.end()) {
    socket->Refuse("Invalid namespace");
    return true;
  }
  std::shared_ptr<Socket>& place = sockets_[packet.name_space];
  if (place != nullptr && !place->ended()) return false;
  place = socket;
  served->second->OnConnect(std::move(socket), std::move(packet.data));
  return true;
}

bool Connection::OnDisconnect(const Packet& packet) {
  const auto found = sockets_.find(packet.name_space);
  if (found == sockets_.end()) return false;
  const std::shared_ptr<Socket> socket = std::move(found->second);
  sockets_.erase(found);
  socket->End(/*left=*/true);
  return true;
}

bool Connection::OnArguments(const Packet& packet, std::vector<std::string> attachments) {
  const std::shared_ptr<SocketHandler> handler = FindHandler(packet.name_space);
  if (handler == nullptr) return false;
  const std::vector<absl::string_view> elements = Elements(packet.data);
  Arguments arguments;
  arguments.attachments = std::move(attachments);
  if (packet.type == PacketType::kAck || packet.type == PacketType::kBinaryAck) {
    arguments.values = Copies(elements);
    handler->OnAck(*packet.ack_id, std::move(arguments));
    return true;
  }
  const absl::string_view name = elements.front();
  arguments.values = Copies(absl::MakeConstSpan(elements).subspan(1));
  handler->OnEvent({StringValue(name).value_or(std::string(name)), std::move(arguments), packet.ack_id});
  return true;
}

std::shared_ptr<SocketHandler> Connection::FindHandler(const std::string& name_space) const {
  const auto found = sockets_.find(name_space);
  return found == sockets_.end() ? nullptr : found->second->handler_;
}

Connection::Handlers Connection::handlers() const {
  Handlers handlers;
  for (const auto& [name_space, socket] : sockets_) {
    if (socket->handler_ != nullptr) handlers.push_back(socket->handler_);
  }
  return handlers;
}

void Connection::OnWritable() {
  for (const auto& handler : handlers()) handler->OnWritable();
}

void Connection::OnPong(uint64_t ping) {
  for (const auto& handler : handlers()) handler->OnPong(ping);
}

void Connection::OnClosed() {
  for (const auto& [name_space, socket] : std::exchange(sockets_, {})) socket->End(/*left=*/false);
}

void Connection::Violation(absl::string_view what) { session_->Close(kClosePolicy, what); }

}  // namespace playhead::broker::http::socketio
