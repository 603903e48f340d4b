#include "tests/fuzz/targets.h"

#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "broker/dialects/multiwa/gateway_renderer.h"
#include "broker/dialects/multiwa/renderer.h"
#include "broker/dialects/socketio/renderer.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/http/engineio/packet.h"
#include "broker/http/router.h"
#include "broker/http/socketio/json.h"
#include "broker/http/socketio/packet.h"
#include "broker/http/target.h"
#include "broker/http_api/append_body.h"
#include "broker/model/json.h"
#include "broker/model/rendering.h"
#include "broker/webhook/body.h"
#include "proto/event_json.h"
#include "proto/event_wire.h"
#include "proto/whatsapp/content.h"
#include "storage/append_builder.h"
#include "storage/block.h"
#include "storage/cursor.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"
#include "tests/storage/append_mutations.h"

namespace playhead::fuzz {
namespace {

void Require(bool held, absl::string_view promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", std::string(promise).c_str());
  std::abort();
}

// What a receiver makes of the bytes of `message` is `message`.
template <typename Message>
void RequireWireForm(const Message& message) {
  const std::string bytes = message.SerializeAsString();
  Message received;
  Require(received.ParseFromString(bytes) && received.SerializeAsString() == bytes, "a message survives the wire");
}

// The fields of InboundMessage that are content.
constexpr int kContentFieldFirst = 10;
constexpr int kContentFieldLast = 22;

void RequireAgreement(const photon::whatsapp::v1::InboundMessage& message) {
  const auto& descriptor = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  for (int number = kContentFieldFirst; number <= kContentFieldLast; ++number) {
    const auto* const field = descriptor.FindFieldByNumber(number);
    const bool set =
        field->is_repeated() ? reflection.FieldSize(message, field) > 0 : reflection.HasField(message, field);
    Require(set == (message.type() == field->name()), "a message has the content that its type names");
  }
  Require(!message.has_interactive() || message.interactive().reply_case() != 0, "an interactive message has a reply");
}

// Every byte as %XX.
std::string Encoded(absl::string_view text) {
  std::string encoded;
  for (const char c : text) absl::StrAppendFormat(&encoded, "%%%02x", static_cast<unsigned char>(c));
  return encoded;
}

// What `dialect` makes of the event, each as the frame that is sent if `write` is given.
void RequireRenderings(const EventView& event, const broker::model::RenderingDialect& dialect,
                       std::string (*write)(const broker::model::Frame&, absl::string_view), bool is_object) {
  const auto renderings = dialect.render(event);
  if (!renderings.ok()) return;
  broker::model::Step last = 0;
  for (const broker::model::Rendering& rendering : *renderings) {
    const auto payload = broker::model::ParseJson(rendering.payload);
    Require(payload.has_value(), "a payload is JSON");
    Require(!is_object || payload->is_object(), "a payload is an object where it has to be");
    Require(!rendering.name.empty() || event.type.empty(), "a payload has a name");
    Require(renderings->size() == 1 || rendering.step > last || last == broker::model::kStepMax, "steps rise");
    last = rendering.step;
    Require(dialect.may_show(event, broker::model::NameFilter::Of({rendering.name})), "what is shown may be shown");
    if (write == nullptr) continue;
    const std::string frame = write({.rendering = rendering, .created_at = event.created_at}, "instance");
    Require(broker::model::ParseJson(frame).has_value(), "a frame is JSON");
  }
}

}  // namespace

void AppendRequest(absl::string_view bytes) {
  bool admitted = false;
  const std::string wrong = storage::CheckAgainstParser(bytes, admitted);
  Require(wrong.empty(), wrong);
}

void Event(absl::string_view bytes) {
  EventView view;
  if (view.Parse(bytes)) Require(SameContent(view, view), "an event has its own content");
  std::string request =
      "\x0a\x01"
      "a\x12";
  AppendVarint(bytes.size(), request);
  absl::StrAppend(&request, bytes);
  AppendRequest(request);
}

void Block(absl::string_view bytes) {
  storage::Block::Decode(storage::InstanceNumber(1), bytes).status().IgnoreError();
  storage::Block::DecodeHeader(bytes).status().IgnoreError();
  // The layout of docs/on-disk-format.md: the checksum at byte 8, over what is behind it, seeded with what is before
  // it.
  constexpr size_t kChecksumEnd = 16;
  if (bytes.size() < kChecksumEnd) return;
  std::string fitting(bytes);
  uint64_t seed;
  std::memcpy(&seed, fitting.data(), sizeof(seed));
  const uint64_t checksum = XXH3_64bits_withSeed(fitting.data() + kChecksumEnd, fitting.size() - kChecksumEnd, seed);
  std::memcpy(fitting.data() + 8, &checksum, sizeof(checksum));
  const auto block = storage::Block::Decode(storage::InstanceNumber(1), fitting);
  if (block.ok()) Require((*block)->header().event_count > 0, "a block has an event");
}

void EventId(absl::string_view bytes) {
  const auto id = storage::EventId::Parse(bytes);
  if (!id) return;
  const std::string text = id->ToString();
  Require(storage::EventId::Parse(text) == id, "a position survives the trip through text");
  std::string same(bytes.substr(4));
  absl::AsciiStrToUpper(&same);
  for (char& c : same) c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
  Require(text.substr(4) == same, "a text has one reading");
}

void EventFilter(absl::string_view bytes) {
  std::vector<absl::string_view> patterns = absl::StrSplit(bytes, '\n');
  if (patterns.empty()) return;  // Of a view that points nowhere.
  const absl::string_view type = patterns.back();
  patterns.pop_back();
  const auto filter = storage::EventFilter::Make(patterns);
  if (!filter.ok()) return;
  const bool hidden = absl::StartsWith(type, "playhead.hidden.");
  const bool matches =
      (patterns.empty() && !hidden) ||
      std::any_of(patterns.begin(), patterns.end(), [type, hidden](absl::string_view pattern) {
        if (!absl::EndsWith(pattern, "*")) return type == pattern;
        const bool names_hidden = absl::StartsWith(pattern, "playhead.hidden.");
        return absl::StartsWith(type, pattern.substr(0, pattern.size() - 1)) && (!hidden || names_hidden);
      });
  Require(filter->MatchesType(type) == matches, "a filter matches what its patterns say");
}

void WebhookBody(absl::string_view bytes) {
  const auto events = broker::webhook::SplitBody(bytes);
  if (!events.ok()) return;
  Require(!events->empty(), "a body makes an event");
  simdjson::dom::parser parser;
  // The parser is stricter than a body has to be: of numbers beyond 64 bits and of lone surrogates.
  const bool is_plain = parser.parse(std::string(bytes)).error() == simdjson::SUCCESS;
  for (const auto& event : *events) {
    for (const auto& member : event.members) {
      Require(member.slice.data() >= bytes.data() &&
                  member.slice.data() + member.slice.size() <= bytes.data() + bytes.size(),
              "an event is slices of its body");
    }
    const std::string data = event.data();
    Require(data.size() == event.data_bytes(), "an event knows its size");
    Require(!is_plain || parser.parse(data).error() == simdjson::SUCCESS, "the data of an event is JSON");
    Require(!event.id.empty() && event.id.size() <= storage::kEventIdBytesMax, "an event has an id");
    Require(storage::CheckInstanceName(event.instance).ok(), "an event has an instance");
  }
}

void WhatsAppContent(absl::string_view bytes) {
  if (const auto message = whatsapp::ParseMessage(bytes); message.ok()) {
    Require(!message->id().empty() && !message->type().empty(), "a message has an id and a type");
    RequireAgreement(*message);
    RequireWireForm(*message);
  }
  if (const auto status = whatsapp::ParseStatus(bytes); status.ok()) {
    Require(!status->id().empty() && status->status() != 0, "a status has an id and is one");
    RequireWireForm(*status);
  }
}

void Rendering(absl::string_view bytes) {
  const std::vector<absl::string_view> parts = absl::StrSplit(bytes, absl::MaxSplits('\n', 2));
  if (parts.size() < 3) return;
  EventView event;
  if (!parts[0].empty()) event.attributes = {{"dialect", parts[0]}};
  event.type = parts[1];
  event.data = parts[2];
  if (!simdjson::validate_utf8(event.type.data(), event.type.size())) return;  // What is stored is.
  RequireRenderings(event, broker::vzaps::kRendering, &broker::vzaps::WriteFrame, true);
  RequireRenderings(event, broker::multiwa::kRendering, &broker::multiwa::WriteFrame, false);
  RequireRenderings(event, broker::multiwa::kGatewayRendering, &broker::multiwa::WriteGatewayArgument, false);
  RequireRenderings(event, broker::socketio::kRendering, nullptr, false);
  if (broker::model::DialectOf(event) != broker::model::Dialect::kMultiWa) return;
  const auto own = broker::multiwa::Render(event);
  Require(!own.ok() || own->front().payload == event.data, "its own dialect passes an event on byte for byte");
}

void HttpAppendBody(absl::string_view bytes) {
  using broker::http_api::BodyFormat;
  constexpr BodyFormat kFormats[] = {BodyFormat::kJson, BodyFormat::kNdjson, BodyFormat::kCloudEvent,
                                     BodyFormat::kCloudEventBatch, BodyFormat::kCloudEventData};
  if (bytes.empty()) return;
  const BodyFormat format = kFormats[static_cast<uint8_t>(bytes[0]) % std::size(kFormats)];
  broker::http::Request request;
  request.body = std::string(bytes.substr(1));
  // Of a CloudEvent in binary mode the lines are headers, and the last one is the body.
  if (format == BodyFormat::kCloudEventData) {
    const std::vector<std::string> lines = absl::StrSplit(request.body, '\n');
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      const std::pair<std::string, std::string> header = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
      if (!header.first.empty()) request.headers.insert(header.first, header.second);
    }
    request.body = lines.back();
  }
  const auto events = broker::http_api::ReadAppendBody(format, request, "bot");
  if (!events.ok()) return;
  Require(events->size() <= storage::kBatchEventsMax, "a batch has a bound");
  for (const EventFields& event : *events) {
    NewEvent made{.type = event.type, .data = event.data, .id = event.id, .created_at = event.created_at};
    for (const auto& [key, value] : event.attributes) made.attributes.emplace_back(key, value);
    const auto batch = storage::BuildAppendBatch("bot", {made}, {});
    if (!batch.ok()) continue;
    EventView view;
    Require(view.Parse(batch->event(batch->events[0])), "what is admitted can be parsed");
    std::string line;
    AppendEventLine("bot", view, line);
    Require(line.find('\n') == line.size() - 1, "a line is one line");
    EventFields again;
    Require(EventJsonReader().Read(line, again).ok(), "what is written can be read");
    Require(again.type == event.type && again.id == event.id && again.attributes == event.attributes,
            "an event survives the trip through its JSON");
  }
}

void HttpTarget(absl::string_view bytes) {
  const auto target = broker::http::ParseTarget(bytes);
  if (!target.ok()) return;
  Require(!target->segments.empty(), "a path has a segment");
  std::string again;
  for (const std::string& segment : target->segments) absl::StrAppend(&again, "/", Encoded(segment));
  for (size_t i = 0; i < target->query.size(); ++i) {
    const broker::http::Parameter& parameter = target->query[i];
    absl::StrAppend(&again, i == 0 ? "?" : "&", Encoded(parameter.name), "=", Encoded(parameter.value));
  }
  const auto reread = broker::http::ParseTarget(again);
  Require(reread.ok() && reread->segments == target->segments && reread->query == target->query,
          "a target survives the trip through its encoding");

  static const broker::http::Router& router = *[] {
    auto* const made = new broker::http::Router();
    made->Add(broker::http::Verb::get, "/v1/{name}", {}, [](broker::http::Request, broker::http::Responder) {});
    return made;
  }();
  const auto match = router.Find(broker::http::Verb::get, target->segments);
  const bool expected = target->segments.size() == 2 && target->segments[0] == "v1" && !target->segments[1].empty();
  Require((match.route != nullptr) == expected, "a path is routed by its segments");
  if (expected) Require(match.path_parameters[0].value == target->segments[1], "a parameter is its segment");
}

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

}  // namespace playhead::fuzz
