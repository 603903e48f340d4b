#include "tests/support/raw_websocket.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

uint64_t BigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void AppendBigEndian(uint64_t value, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// The bytes of a client's frame.
void AppendFrame(const Frame& frame, std::string& bytes) {
  constexpr std::array<char, 4> kMask = {'\x37', '\xfa', '\x21', '\x3d'};
  const size_t size = frame.payload.size();
  const int mask_bit = frame.masked ? 0x80 : 0;
  bytes.push_back(static_cast<char>((frame.final ? 0x80 : 0) | static_cast<int>(frame.opcode)));
  if (size < 126) {
    bytes.push_back(static_cast<char>(mask_bit | static_cast<int>(size)));
  } else {
    bytes.push_back(static_cast<char>(mask_bit | (size < 65'536 ? 126 : 127)));
    AppendBigEndian(size, size < 65'536 ? 2 : 8, bytes);
  }
  if (frame.masked) bytes.append(kMask.data(), kMask.size());
  for (size_t i = 0; i < size; ++i) {
    bytes.push_back(static_cast<char>(frame.payload[i] ^ (frame.masked ? kMask[i % kMask.size()] : 0)));
  }
}

}  // namespace

uint16_t Frame::close_code() const {
  if (payload.size() < 2) return 1005;
  return static_cast<uint16_t>(BigEndian(absl::string_view(payload).substr(0, 2)));
}

HttpResponse RawWebSocket::Connect(absl::string_view target, absl::string_view headers) {
  connection_.Send(absl::StrCat("GET ", target, " HTTP/1.1\r\n", connection_.host_header(),
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
                                headers, "\r\n"));
  return connection_.Receive();
}

bool RawWebSocket::SendTogether(const std::vector<Frame>& frames) {
  std::string bytes;
  for (const Frame& frame : frames) AppendFrame(frame, bytes);
  return connection_.Send(bytes);
}

Frame RawWebSocket::Receive() {
  Frame frame;
  frame.masked = false;
  const std::string head = connection_.ReceiveBytes(2);
  if (head.size() < 2) {
    frame.ended = true;
    return frame;
  }
  frame.final = (head[0] & 0x80) != 0;
  frame.opcode = static_cast<Opcode>(head[0] & 0x0f);
  frame.masked = (head[1] & 0x80) != 0;
  uint64_t size = head[1] & 0x7f;
  if (size >= 126) {
    const size_t count = size == 126 ? 2 : 8;
    const std::string bytes = connection_.ReceiveBytes(count);
    if (bytes.size() < count) {
      frame.ended = true;
      return frame;
    }
    size = BigEndian(bytes);
  }
  frame.payload = connection_.ReceiveBytes(size);
  frame.ended = frame.payload.size() < size;
  return frame;
}

Frame RawWebSocket::ReceiveMessage(bool answers_pings) {
  for (;;) {
    Frame frame = Receive();
    if (frame.ended || (frame.opcode != Opcode::kPing && frame.opcode != Opcode::kPong)) return frame;
    if (answers_pings && frame.opcode == Opcode::kPing) Send({Opcode::kPong, std::move(frame.payload)});
  }
}

}  // namespace playhead::testing
