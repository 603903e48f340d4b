#include "broker/http/socketio/packet.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "broker/http/socketio/json.h"

namespace playhead::broker::http::socketio {
namespace {

constexpr std::array<absl::string_view, 6> kReservedEvents = {"connect",       "connect_error", "disconnect",
                                                              "disconnecting", "newListener",   "removeListener"};

// The maximum size of an encoded packet besides its namespace and its data: the type, two numbers, and their
// separators.
constexpr size_t kAroundBytesMax = 40;

bool IsBinary(PacketType type) { return type == PacketType::kBinaryEvent || type == PacketType::kBinaryAck; }

// Removes the number at the start of `text`. nullopt if there is none, or it exceeds `max`.
std::optional<uint64_t> TakeNumber(absl::string_view& text, uint64_t max) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
  const absl::string_view digits = text.substr(0, static_cast<size_t>(end - text.begin()));
  uint64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number > max) return std::nullopt;
  text.remove_prefix(digits.size());
  return number;
}

bool IsEvent(absl::string_view array) {
  const std::vector<absl::string_view> elements = Elements(array);
  if (elements.empty()) return false;
  if (CheckJson(elements.front()) == JsonKind::kNumber) return true;
  const std::optional<std::string> name = StringValue(elements.front());
  return name && !IsReservedEvent(*name);
}

bool HasFittingData(const Packet& packet) {
  if (packet.type == PacketType::kDisconnect) return packet.data.empty();
  if (packet.data.empty()) return packet.type == PacketType::kConnect;
  const std::optional<JsonKind> kind = CheckJson(packet.data);
  if (!kind) return false;
  switch (packet.type) {
    case PacketType::kConnect:
      return *kind == JsonKind::kObject;
    case PacketType::kConnectError:
      return *kind == JsonKind::kObject || *kind == JsonKind::kString;
    case PacketType::kEvent:
      return *kind == JsonKind::kArray && IsEvent(packet.data);
    case PacketType::kBinaryEvent:
      return *kind == JsonKind::kArray && IsEvent(packet.data) && PlaceholdersFit(packet.data, packet.attachment_count);
    case PacketType::kAck:
      return *kind == JsonKind::kArray && packet.ack_id;
    case PacketType::kBinaryAck:
      return *kind == JsonKind::kArray && packet.ack_id && PlaceholdersFit(packet.data, packet.attachment_count);
    case PacketType::kDisconnect:
      break;
  }
  return false;
}

}  // namespace

std::optional<Packet> DecodePacket(absl::string_view text) {
  if (text.empty() || text.front() < static_cast<char>(PacketType::kConnect) ||
      text.front() > static_cast<char>(PacketType::kBinaryAck)) {
    return std::nullopt;
  }
  Packet packet;
  packet.type = static_cast<PacketType>(text.front());
  text.remove_prefix(1);
  if (IsBinary(packet.type)) {
    const auto count = TakeNumber(text, kAttachmentsMax);
    if (!count || text.empty() || text.front() != '-') return std::nullopt;
    packet.attachment_count = static_cast<size_t>(*count);
    text.remove_prefix(1);
  }
  if (!text.empty() && text.front() == '/') {
    const size_t end = std::min(text.find(','), text.size());
    if (end > kNamespaceBytesMax) return std::nullopt;
    packet.name_space = std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!text.empty() && absl::ascii_isdigit(text.front())) {
    packet.ack_id = TakeNumber(text, kAckIdMax);
    if (!packet.ack_id) return std::nullopt;
  }
  packet.data = std::string(text);
  if (!HasFittingData(packet)) return std::nullopt;
  return packet;
}

std::string EncodePacket(const Packet& packet) {
  std::string text;
  text.reserve(packet.data.size() + packet.name_space.size() + kAroundBytesMax);
  text.push_back(static_cast<char>(packet.type));
  if (IsBinary(packet.type)) absl::StrAppend(&text, packet.attachment_count, "-");
  if (packet.name_space != "/") absl::StrAppend(&text, packet.name_space, ",");
  if (packet.ack_id) absl::StrAppend(&text, *packet.ack_id);
  absl::StrAppend(&text, packet.data);
  return text;
}

std::string JoinArray(absl::Span<const std::string> elements) {
  return absl::StrCat("[", absl::StrJoin(elements, ","), "]");
}

bool IsReservedEvent(absl::string_view name) {
  return std::find(kReservedEvents.begin(), kReservedEvents.end(), name) != kReservedEvents.end();
}

}  // namespace playhead::broker::http::socketio
