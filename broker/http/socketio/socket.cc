#include "broker/http/socketio/socket.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/http/engineio/random_id.h"
#include "broker/http/socketio/json.h"

namespace playhead::broker::http::socketio {

bool Socket::Accept(std::shared_ptr<SocketHandler> handler, const ConnectReply& reply) {
  if (ended_) return false;
  handler_ = std::move(handler);
  std::string data = absl::StrCat(R"({"sid":)", Quoted(reply.sid ? *reply.sid : engineio::RandomId()));
  if (reply.pid) absl::StrAppend(&data, R"(,"pid":)", Quoted(*reply.pid));
  Send({.type = PacketType::kConnect, .data = absl::StrCat(data, "}")});
  return true;
}

void Socket::Refuse(absl::string_view message, absl::string_view data) {
  std::string error = absl::StrCat(R"({"message":)", Quoted(message));
  if (!data.empty()) absl::StrAppend(&error, R"(,"data":)", data);
  Send({.type = PacketType::kConnectError, .data = absl::StrCat(error, "}")});
  ended_ = true;
}

void Socket::Emit(absl::string_view name, Arguments arguments, std::optional<uint64_t> ack_id) {
  arguments.values.insert(arguments.values.begin(), Quoted(name));
  SendArguments(PacketType::kEvent, PacketType::kBinaryEvent, ack_id, std::move(arguments.values),
                std::move(arguments.attachments));
}

void Socket::Acknowledge(uint64_t ack_id, Arguments arguments) {
  SendArguments(PacketType::kAck, PacketType::kBinaryAck, ack_id, std::move(arguments.values),
                std::move(arguments.attachments));
}

void Socket::SendArguments(PacketType text, PacketType binary, std::optional<uint64_t> ack_id,
                           std::vector<std::string> values, std::vector<std::string> attachments) {
  const size_t count = attachments.size();
  Send({.type = count == 0 ? text : binary, .attachment_count = count, .ack_id = ack_id, .data = JoinArray(values)},
       std::move(attachments));
}

void Socket::Send(Packet packet, std::vector<std::string> attachments) {
  if (ended_) return;
  packet.name_space = name_space_;
  session_->Send({EncodePacket(packet)});
  for (std::string& attachment : attachments) session_->Send({std::move(attachment), /*binary=*/true});
}

void Socket::End(bool left) {
  ended_ = true;
  if (const auto handler = std::exchange(handler_, nullptr)) handler->OnDisconnect(left);
}

}  // namespace playhead::broker::http::socketio
