// A WebSocket client that sends what it is told, right or wrong, frame by frame (RFC 6455, 5.2).
#ifndef PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_
#define PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
  Opcode opcode = Opcode::kClose;
  std::string payload;
  bool final = true;
  bool masked = true;  // As all of a client's must be.
  bool ended = false;  // Received: the connection ended instead.

  // Of a close frame; 1005 if it has none.
  uint16_t close_code() const;
};

// Not thread-safe. Blocks; aborts the test if nothing comes for 20 s.
class RawWebSocket {
 public:
  // As HttpConnection.
  explicit RawWebSocket(const std::string& address, const std::string& ca_file = "") : connection_(address, ca_file) {}

  // Asks for a WebSocket; the answer, which has status 101 if it is one.
  HttpResponse Connect(absl::string_view target, absl::string_view headers = "");

  bool Send(const Frame& frame);
  bool SendText(absl::string_view text) { return Send({Opcode::kText, std::string(text)}); }

  // The next frame of any kind.
  Frame Receive();
  // The next one that is no ping or pong: pings are not answered.
  Frame ReceiveMessage();

  HttpConnection& connection() { return connection_; }

 private:
  HttpConnection connection_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_
