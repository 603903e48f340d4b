// Packets of Engine.IO 4, as encoded in WebSocket frames and in the bodies of long polling
// (https://socket.io/docs/v4/engine-io-protocol). Pure functions.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_PACKET_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_PACKET_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::http::engineio {

enum class PacketType : char {
  kOpen = '0',
  kClose = '1',
  kPing = '2',
  kPong = '3',
  kMessage = '4',
  kUpgrade = '5',
  kNoop = '6',
};

// A message of the application. Text is UTF-8.
struct Message {
  std::string data;
  bool binary = false;

  friend bool operator==(const Message&, const Message&) = default;
};

struct Packet {
  PacketType type = PacketType::kMessage;
  Message payload;  // Only binary with kMessage.

  friend bool operator==(const Packet&, const Packet&) = default;
};

// Decodes a WebSocket frame: text begins with the type's digit, binary is a message as is. nullopt if there is no such
// type.
std::optional<Packet> DecodeFrame(Message frame);
Message EncodeFrame(Packet packet);

// Appends a packet to the body of a poll's response: packets are separated by 0x1e; binary ones are `b` and base64.
void AppendToPayload(const Packet& packet, std::string& payload);

// Reads the body of a request, one packet at a time, so that many small ones need no memory.
class PayloadReader {
 public:
  // `payload` must outlive the reader.
  explicit PayloadReader(absl::string_view payload) : rest_(payload) {}

  bool AtEnd() const { return !rest_.has_value(); }
  // nullopt if the next part is not a packet; neither is an empty body. REQUIRES: not AtEnd.
  std::optional<Packet> Next();

 private:
  std::optional<absl::string_view> rest_;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_PACKET_H_
