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

// Of one packet. JavaScript's decoder refuses more, too.
inline constexpr size_t kAttachmentsMax = 10;
// The name of a namespace in bytes.
inline constexpr size_t kNamespaceBytesMax = 256;
// Acknowledgement ids that JavaScript can count to.
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
  size_t attachment_count = 0;     // Only of the binary ones: this many binary messages follow.
  std::string name_space = "/";    // Begins with a slash.
  std::optional<uint64_t> ack_id;  // Only of events, where the sender wants one, and of acknowledgements.
  std::string data;  // JSON, or empty: an object or nothing to connect, nothing to disconnect, of an error
                     // an object or a string, else an array.

  friend bool operator==(const Packet&, const Packet&) = default;
};

// nullopt if `text` is no packet, or its data are not of the kind that its type has. An event's data begin with its
// name: a string that is none of the client's own (connect, disconnect, ...), or a number.
std::optional<Packet> DecodePacket(absl::string_view text);

std::string EncodePacket(const Packet& packet);

// `[a,b,c]` of JSON texts.
std::string JoinArray(absl::Span<const std::string> elements);

// A name that a client's library keeps for itself: an event that had it would close the connection.
bool IsReservedEvent(absl::string_view name);

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_PACKET_H_
