// One connection to a namespace of Socket.IO over a WebSocket, packet by packet.
#ifndef PLAYHEAD_TESTS_LOAD_SOCKETIO_CONNECTION_H_
#define PLAYHEAD_TESTS_LOAD_SOCKETIO_CONNECTION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {

// Not thread-safe. Blocks; aborts the test if nothing comes for two minutes (SetPatience). Next answers pings, as every
// library does.
class SocketIoConnection {
 public:
  // Types of packets.
  static constexpr char kEvent = '2';
  static constexpr char kAck = '3';

  // Connects to `name_space` ("/ws") with `auth` (JSON). `query` ("&t=1") is appended to that of the handshake.
  SocketIoConnection(const std::string& address, std::string name_space, absl::string_view auth,
                     absl::string_view query = "");

  // The namespace's answer to CONNECT (JSON). Empty if the connection ended before it, or was refused.
  const std::string& connected() const { return connected_; }
  // The refusal that ends a client for good: a CONNECT_ERROR, or a handshake's status other than 503. Empty if there
  // was none.
  const std::string& refused() const { return refused_; }

  void SetPatience(absl::Duration patience) { socket_.connection().SetPatience(patience); }

  // Sends a packet to the namespace; `rest` is what follows the namespace in its text.
  void Send(char type, absl::string_view rest);

  struct Packet {
    char type = 0;     // 0: the connection has ended.
    std::string rest;  // What follows the namespace: the acknowledgement's id, if any, and the JSON.
  };
  // The namespace's next packet. Fails the test if anything comes that a server does not send here.
  Packet Next();

 private:
  RawWebSocket socket_;
  const std::string name_space_;
  std::string connected_;
  std::string refused_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_SOCKETIO_CONNECTION_H_
