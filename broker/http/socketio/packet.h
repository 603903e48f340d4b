// Packets of Socket.IO, protocol 5 (https://socket.io/docs/v4/socket-io-protocol), as text. Pure functions.
//
//   <type>[<attachments>-][<namespace>,][<acknowledgement id>][JSON]
//   2["hello",1]        2/admin,["hello",1]        452-/admin,12["hello",{"_placeholder":true,"num":0}]
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_PACKET_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::broker::http::socketio {

// Maximum attachments of one packet. JavaScript's decoder has the same limit.
inline constexpr size_t kAttachmentsMax = 10;
// Maximum size of all attachments of one packet.
inline constexpr size_t kAttachmentBytesMax = 1'000'000;
// Maximum length of a namespace's name, in bytes.
inline constexpr size_t kNamespaceBytesMax = 256;
// The largest integer that JavaScript represents exactly.
inline constexpr uint64_t kAckIdMax = (uint64_t{1} << 53) - 1;

enum class PacketType : char {
  kConnect = '0',
  kDisconnect = '1',
  kEvent = '2',
  kAck = '3',
  kConnectError = '4',
  kBinaryEvent = '5',
  kBinaryAck = '6',
};

struct Packet {
  PacketType type = PacketType::kEvent;
  size_t attachment_count = 0;     // Only for binary types: this many binary messages follow.
  std::string name_space = "/";    // Begins with a slash.
  std::optional<uint64_t> ack_id;  // For events that ask for an acknowledgement, and for acknowledgements.
  std::string data;  // JSON: kConnect has an object or nothing, kDisconnect nothing, kConnectError an object or
                     // a string, all others an array.

  friend bool operator==(const Packet&, const Packet&) = default;
};

// Returns nullopt if `text` is not a packet, or its data does not match its type. An event's data begins with its name:
// a number, or a string that the client library does not reserve (connect, disconnect, ...).
std::optional<Packet> DecodePacket(absl::string_view text);

std::string EncodePacket(const Packet& packet);

// `[a,b,c]` of JSON texts.
std::string JoinArray(absl::Span<const std::string> elements);

// Whether a client library reserves the name: an event with such a name would close the connection.
bool IsReservedEvent(absl::string_view name);

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_PACKET_H_
