// ParseMessage: reads a message and its parts, and makes its type and content agree.
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/whatsapp/contact_card_fields.h"
#include "proto/whatsapp/content.h"
#include "proto/whatsapp/context_fields.h"
#include "proto/whatsapp/error_fields.h"
#include "proto/whatsapp/interactive_fields.h"
#include "proto/whatsapp/json_reader.h"
#include "proto/whatsapp/media_fields.h"
#include "proto/whatsapp/order_fields.h"
#include "proto/whatsapp/sender_fields.h"
#include "proto/whatsapp/text_fields.h"

namespace playhead::whatsapp {
namespace {

using Message = v1::InboundMessage;

constexpr Part<Message> kMessageParts[] = {
    {"from", Text<&Message::mutable_from>, &Message::clear_from},
    {"id", Text<&Message::mutable_id>, &Message::clear_id},
    {"timestamp", Time<&Message::mutable_timestamp>, &Message::clear_timestamp},
    {"type", Text<&Message::mutable_type>, &Message::clear_type},
    {"text", Object<&Message::mutable_text, kTextFields>, &Message::clear_text},
    {"image", Object<&Message::mutable_image, kMediaFields>, &Message::clear_image},
    {"video", Object<&Message::mutable_video, kMediaFields>, &Message::clear_video},
    {"audio", Object<&Message::mutable_audio, kMediaFields>, &Message::clear_audio},
    {"document", Object<&Message::mutable_document, kMediaFields>, &Message::clear_document},
    {"sticker", Object<&Message::mutable_sticker, kStickerFields>, &Message::clear_sticker},
    {"location", Object<&Message::mutable_location, kLocationFields>, &Message::clear_location},
    {"contacts", List<&Message::add_contacts, &Message::clear_contacts, kContactCardFields>, &Message::clear_contacts},
    {"reaction", Object<&Message::mutable_reaction, kReactionFields>, &Message::clear_reaction},
    {"interactive", Object<&Message::mutable_interactive, kInteractiveFields>, &Message::clear_interactive},
    {"button", Object<&Message::mutable_button, kButtonFields>, &Message::clear_button},
    {"order", Object<&Message::mutable_order, kOrderFields>, &Message::clear_order},
    {"system", Object<&Message::mutable_system, kSystemFields>, &Message::clear_system},
    {"context", Object<&Message::mutable_context, kContextFields>, &Message::clear_context},
    {"referral", Object<&Message::mutable_referral, kReferralFields>, &Message::clear_referral},
    {"errors", List<&Message::add_errors, &Message::clear_errors, kErrorFields>, &Message::clear_errors},
};

// The contents, with the types that name them.
struct Content {
  absl::string_view type;
  bool (*has)(const Message& message);
  void (Message::*clear)();
};

template <auto kHas>
bool Has(const Message& message) {
  return (message.*kHas)();
}
bool HasContacts(const Message& message) { return message.contacts_size() > 0; }

constexpr Content kContents[] = {
    {"text", Has<&Message::has_text>, &Message::clear_text},
    {"image", Has<&Message::has_image>, &Message::clear_image},
    {"video", Has<&Message::has_video>, &Message::clear_video},
    {"audio", Has<&Message::has_audio>, &Message::clear_audio},
    {"document", Has<&Message::has_document>, &Message::clear_document},
    {"sticker", Has<&Message::has_sticker>, &Message::clear_sticker},
    {"location", Has<&Message::has_location>, &Message::clear_location},
    {"contacts", HasContacts, &Message::clear_contacts},
    {"reaction", Has<&Message::has_reaction>, &Message::clear_reaction},
    {"interactive", Has<&Message::has_interactive>, &Message::clear_interactive},
    {"button", Has<&Message::has_button>, &Message::clear_button},
    {"order", Has<&Message::has_order>, &Message::clear_order},
    {"system", Has<&Message::has_system>, &Message::clear_system},
};

// The type name of the reply that is set.
absl::string_view ReplyType(const v1::InboundInteractiveContent& interactive) {
  switch (interactive.reply_case()) {
    case v1::InboundInteractiveContent::kButtonReply:
      return "button_reply";
    case v1::InboundInteractiveContent::kListReply:
      return "list_reply";
    case v1::InboundInteractiveContent::kNfmReply:
      return "nfm_reply";
    case v1::InboundInteractiveContent::REPLY_NOT_SET:
      break;
  }
  return "";
}

bool IsReplyType(absl::string_view type) {
  return type == "button_reply" || type == "list_reply" || type == "nfm_reply";
}

// Clears interactive content whose type and reply do not agree.
void SettleInteractive(Message& message) {
  v1::InboundInteractiveContent& interactive = *message.mutable_interactive();
  const absl::string_view reply = ReplyType(interactive);
  if (interactive.type().empty()) interactive.set_type(reply.data(), reply.size());
  if (!reply.empty() && interactive.type() == reply) return;
  // The kind has no field, as opposed to one whose reply is missing.
  if (message.type() == "interactive" && !interactive.type().empty() && !IsReplyType(interactive.type())) {
    message.set_type(absl::StrCat("interactive.", interactive.type()));
  }
  message.clear_interactive();
}

// The type of the only content that is set.
absl::string_view InferredType(const Message& message) {
  absl::string_view type;
  for (const Content& content : kContents) {
    if (!content.has(message)) continue;
    if (!type.empty()) return "unknown";
    type = content.type;
  }
  return type.empty() ? "unknown" : type;
}

void SettleType(Message& message) {
  if (message.has_interactive()) SettleInteractive(message);
  if (message.type().empty()) {
    const absl::string_view type = InferredType(message);
    message.set_type(type.data(), type.size());
  }
  bool readable = true;
  for (const Content& content : kContents) {
    if (message.type() != content.type) {
      (message.*content.clear)();
    } else {
      readable = content.has(message);
    }
  }
  if (!readable) message.mutable_type()->append(".unreadable");
}

}  // namespace

absl::StatusOr<v1::InboundMessage> ParseMessage(absl::string_view data) {
  Message message;
  v1::Contact sender;
  bool has_sender = false;
  const Reading reading = ReadDocument(data, [&](std::string_view key, Value& value) {
    if (key == "contact") {
      sender.Clear();
      const Reading contact = ReadObject(value, kSenderFields, sender);
      has_sender = contact == Reading::kDone;
      return contact == Reading::kWrongKind ? Reading::kDone : contact;
    }
    if (key != "message") return Reading::kDone;
    message.Clear();
    return ReadParts(value, kMessageParts, message);
  });
  if (reading != Reading::kDone)
    return MakeError(Reason::kEventInvalid, "data: JSON with an object `message` is needed");
  if (message.id().empty()) return MakeError(Reason::kEventInvalid, "data: a `message` with an `id` is needed");
  if (has_sender) *message.mutable_contact() = std::move(sender);
  SettleType(message);
  return message;
}

}  // namespace playhead::whatsapp
