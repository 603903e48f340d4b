#include "tests/fuzz/socketio_targets.h"

#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "broker/dialects/socketio/credentials.h"
#include "broker/dialects/socketio/event_names.h"
#include "broker/http/engineio/packet.h"
#include "broker/http/request.h"
#include "broker/http/socketio/json.h"
#include "broker/http/socketio/packet.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {

void EngineIoPayload(absl::string_view bytes) {
  namespace engineio = broker::http::engineio;
  std::vector<engineio::Packet> packets;
  for (engineio::PayloadReader reader(bytes); !reader.AtEnd();) {
    std::optional<engineio::Packet> packet = reader.Next();
    if (!packet) return;
    packets.push_back(*std::move(packet));
  }
  Require(!packets.empty(), "a payload has a packet");
  std::string again;
  for (const engineio::Packet& packet : packets) {
    Require(engineio::DecodeFrame(engineio::EncodeFrame(packet)) == packet, "a packet survives the trip as a frame");
    engineio::AppendToPayload(packet, again);
  }
  for (engineio::PayloadReader reader(again); const engineio::Packet& packet : packets) {
    Require(!reader.AtEnd() && reader.Next() == packet, "a packet survives the trip in a payload");
  }
}

void SocketIoPacket(absl::string_view bytes) {
  namespace socketio = broker::http::socketio;
  const auto packet = socketio::DecodePacket(bytes);
  if (!packet) return;
  Require(socketio::DecodePacket(socketio::EncodePacket(*packet)) == packet, "a packet survives the trip");
  Require(packet->data.empty() || socketio::CheckJson(packet->data).has_value(), "a packet's data are JSON");
  if (packet->data.empty() || socketio::CheckJson(packet->data) != socketio::JsonKind::kArray) return;
  std::vector<std::string> elements;
  for (const absl::string_view element : socketio::Elements(packet->data)) {
    Require(socketio::CheckJson(element).has_value(), "an element is JSON");
    elements.emplace_back(element);
  }
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  // The parser is stricter than a packet has to be: of numbers beyond 64 bits.
  if (parser.parse(packet->data).get(array) == simdjson::SUCCESS) {
    Require(array.size() == elements.size(), "an array is cut into its elements");
  }
  Require(socketio::CheckJson(socketio::JoinArray(elements)) == socketio::JsonKind::kArray, "and joined again");
}

void SocketIoArguments(absl::string_view bytes) {
  namespace socketio = broker::http::socketio;
  const broker::http::Request handshake;
  broker::socketio::ReadAuth(bytes, handshake);
  if (socketio::CheckJson(bytes) != socketio::JsonKind::kArray) return;
  std::vector<std::string> arguments;
  for (const absl::string_view element : socketio::Elements(bytes)) arguments.emplace_back(element);
  const auto names = broker::socketio::ReadEventNames(arguments);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    Require(simdjson::validate_utf8(name.data(), name.size()), "a name is UTF-8");
  }
}

}  // namespace playhead::fuzz
