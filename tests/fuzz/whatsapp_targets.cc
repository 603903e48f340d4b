#include "tests/fuzz/whatsapp_targets.h"

#include <simdjson.h>

#include <string>

#include "broker/webhook/body.h"
#include "proto/whatsapp/content.h"
#include "storage/event_log.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

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

}  // namespace

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

}  // namespace playhead::fuzz
