// A WebSocket client that sends exactly the frames it is given, valid or not (RFC 6455, 5.2).
#ifndef PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_
#define PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
  Opcode opcode = Opcode::kClose;
  std::string payload;
  bool final = true;
  bool masked = true;  // As every frame of a client must be.
  bool ended = false;  // Of a received one: the connection ended instead.

  // The code of a close frame; 1005 if it has none.
  uint16_t close_code() const;
};

// Not thread-safe. Blocks; aborts the test if nothing comes for two minutes.
class RawWebSocket {
 public:
  // As HttpConnection.
  explicit RawWebSocket(const std::string& address, const std::string& ca_file = "") : connection_(address, ca_file) {}

  // Requests a WebSocket. The answer has status 101 if there is one.
  HttpResponse Connect(absl::string_view target, absl::string_view headers = "");

  bool Send(const Frame& frame) { return SendTogether({frame}); }
  // In one piece, so that they arrive at once.
  bool SendTogether(const std::vector<Frame>& frames);
  bool SendText(absl::string_view text) { return Send({Opcode::kText, std::string(text)}); }

  // The next frame of any kind.
  Frame Receive();
  // The next frame that is neither a ping nor a pong.
  Frame ReceiveMessage(bool answers_pings = false);

  HttpConnection& connection() { return connection_; }

 private:
  HttpConnection connection_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_RAW_WEBSOCKET_H_
