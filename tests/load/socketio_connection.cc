#include "tests/load/socketio_connection.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

// Packets of Engine.IO.
constexpr absl::string_view kOpen = "0";  // The handshake, in JSON, follows.
constexpr absl::string_view kClose = "1";
constexpr absl::string_view kPing = "2";
constexpr absl::string_view kPong = "3";
constexpr char kMessage = '4';  // A packet of Socket.IO follows.
// Types of Socket.IO's packets.
constexpr char kConnect = '0';
constexpr char kConnectError = '4';

}  // namespace

SocketIoConnection::SocketIoConnection(const std::string& address, std::string name_space, absl::string_view auth,
                                       absl::string_view query)
    : socket_(address), name_space_(std::move(name_space)) {
  const HttpResponse answer = socket_.Connect(absl::StrCat("/socket.io/?EIO=4&transport=websocket", query));
  if (answer.status != 101) {
    if (answer.status != 0 && answer.status != 503) refused_ = absl::StrCat(answer.status, ": ", answer.body);
    return;
  }
  Send(kConnect, auth);
  Packet packet = Next();
  if (packet.type == kConnectError) refused_ = std::move(packet.rest);
  if (packet.type == kConnect) connected_ = std::move(packet.rest);
}

void SocketIoConnection::Send(char type, absl::string_view rest) {
  socket_.SendText(absl::StrCat(std::string{kMessage, type}, name_space_, ",", rest));
}

SocketIoConnection::Packet SocketIoConnection::Next() {
  for (;;) {
    const Frame frame = socket_.ReceiveMessage();
    if (frame.ended || frame.opcode == Opcode::kClose || frame.payload == kClose) return {};
    // The type and the namespace, with the comma that ends it.
    const size_t head_size = 2 + name_space_.size() + 1;
    if (frame.payload == kPing) {
      socket_.SendText(kPong);
    } else if (frame.payload.size() >= head_size && frame.payload[0] == kMessage) {
      return {frame.payload[1], frame.payload.substr(head_size)};
    } else if (!absl::StartsWith(frame.payload, kOpen)) {
      ADD_FAILURE() << "not expected of a server: " << frame.payload.substr(0, 200);
    }
  }
}

}  // namespace playhead::testing
