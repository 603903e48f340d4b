#include "broker/http/engineio/packet.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace playhead::broker::http::engineio {
namespace {

constexpr char kSeparator = '\x1e';
constexpr char kBinary = 'b';

}  // namespace

std::optional<Packet> DecodeFrame(Message frame) {
  if (frame.binary) return Packet{PacketType::kMessage, std::move(frame)};
  if (frame.data.empty()) return std::nullopt;
  const char type = frame.data.front();
  if (type < static_cast<char>(PacketType::kOpen) || type > static_cast<char>(PacketType::kNoop)) return std::nullopt;
  frame.data.erase(0, 1);
  return Packet{static_cast<PacketType>(type), std::move(frame)};
}

Message EncodeFrame(Packet packet) {
  if (packet.payload.binary) return std::move(packet.payload);
  packet.payload.data.insert(0, 1, static_cast<char>(packet.type));
  return std::move(packet.payload);
}

void AppendToPayload(const Packet& packet, std::string& payload) {
  if (!payload.empty()) payload += kSeparator;
  if (packet.payload.binary) {
    absl::StrAppend(&payload, absl::string_view(&kBinary, 1), absl::Base64Escape(packet.payload.data));
  } else {
    payload += static_cast<char>(packet.type);
    payload += packet.payload.data;
  }
}

std::optional<Packet> PayloadReader::Next() {
  const size_t end = rest_->find(kSeparator);
  const absl::string_view text = rest_->substr(0, end);
  if (end == absl::string_view::npos) {
    rest_ = std::nullopt;
  } else {
    rest_->remove_prefix(end + 1);
  }
  if (text.empty() || text.front() != kBinary) return DecodeFrame({std::string(text)});
  Packet packet{PacketType::kMessage, {.binary = true}};
  if (!absl::Base64Unescape(text.substr(1), &packet.payload.data)) return std::nullopt;
  return packet;
}

}  // namespace playhead::broker::http::engineio
