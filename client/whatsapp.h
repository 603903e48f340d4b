// WhatsAppEvent: a typed view of an event that a WhatsApp webhook became.
//
//   absl::StatusOr<WhatsAppEvent> view = WhatsAppEvent::From(event);
//   if (!view.ok()) continue;  // Of another kind, most likely: see From.
//   if (const whatsapp::InboundMessage* const message = view->message()) {
//     if (const auto* const text = std::get_if<whatsapp::Text>(&message->content)) Reply(message->from, text->body);
//   }
//
// Nothing is parsed until From is called; it takes a microsecond or two. proto/whatsapp/content.h has the rules by
// which webhooks are read; docs/clients/whatsapp-cpp.md lists the content kinds, with an example.
//
// Thread safety: values. Ownership: they share nothing with the event. Strings are UTF-8.
#ifndef PLAYHEAD_CLIENT_WHATSAPP_H_
#define PLAYHEAD_CLIENT_WHATSAPP_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/event.h"
#include "photon/whatsapp/v1/inbound.pb.h"

namespace playhead::whatsapp {

// What messages and statuses are made of: inbound.proto, content.proto and common.proto describe the fields.
using ButtonReply = photon::whatsapp::v1::InboundButtonReply;
using Contact = photon::whatsapp::v1::Contact;
using ContactCard = photon::whatsapp::v1::ContactCard;
using Conversation = photon::whatsapp::v1::Conversation;
using Error = photon::whatsapp::v1::Error;
using ListReply = photon::whatsapp::v1::InboundListReply;
using Media = photon::whatsapp::v1::InboundMediaContent;
using MessageContext = photon::whatsapp::v1::MessageContext;
using NfmReply = photon::whatsapp::v1::InboundNfmReply;
using Pricing = photon::whatsapp::v1::Pricing;
using Referral = photon::whatsapp::v1::Referral;

// The content kinds.
struct Text {
  std::string body;
};
struct Image {
  Media media;
};
struct Video {
  Media media;
};
struct Audio {
  Media media;
};
struct Document {
  Media media;
};
struct Sticker {
  photon::whatsapp::v1::InboundStickerContent sticker;
};
struct Location {
  photon::whatsapp::v1::LocationContent location;
};
struct Contacts {
  std::vector<ContactCard> contacts;  // At least one.
};
struct Reaction {
  photon::whatsapp::v1::ReactionContent reaction;  // An empty emoji takes one back.
};
struct Interactive {
  std::variant<ButtonReply, ListReply, NfmReply> reply;
};
struct Button {
  photon::whatsapp::v1::InboundButtonContent button;
};
struct Order {
  photon::whatsapp::v1::OrderContent order;
};
struct System {
  photon::whatsapp::v1::SystemContent system;
};
// Content that has no kind of its own, or could not be read: InboundMessage::message_type says what it is, and the
// event's data contains it.
struct Unknown {};

using Content = std::variant<Text, Image, Video, Audio, Document, Sticker, Location, Contacts, Reaction, Interactive,
                             Button, Order, System, Unknown>;

struct InboundMessage {
  std::string id;            // Never empty.
  std::string from;          // The sender's number.
  absl::Time timestamp;      // Whole seconds; the Unix epoch if the webhook had none.
  std::string message_type;  // "text", "image", …; of Unknown content WhatsApp's own word, or one of content.h's.
  Content content;
  std::optional<Contact> contact;
  std::optional<MessageContext> context;  // Set if the message answers, forwards or asks about something.
  std::optional<Referral> referral;       // Set when the user came through an advertisement.
  std::vector<Error> errors;
};

enum class MessageStatus { kSent, kDelivered, kRead, kPlayed, kFailed };

// "sent", "delivered", …
absl::string_view MessageStatusName(MessageStatus status);

// The status of a message that the business sent.
struct StatusUpdate {
  std::string id;  // Of the message. Never empty.
  MessageStatus status;
  absl::Time timestamp;  // As of InboundMessage.
  std::string recipient_id;
  std::optional<Conversation> conversation;
  std::optional<Pricing> pricing;
  std::vector<Error> errors;
  std::optional<std::string> biz_opaque_callback_data;
};

}  // namespace playhead::whatsapp

namespace playhead {

class WhatsAppEvent {
 public:
  // Errors:
  //   Unimplemented (NOT_RENDERED)     the event is sound, but neither a message that a user sent nor a status: it is
  //                                    not of WhatsApp at all (see its attribute `dialect`), a message that the
  //                                    business itself sent, an account's error, or a status of another kind. Skip it.
  //   InvalidArgument (EVENT_INVALID)  its data does not match its type.
  static absl::StatusOr<WhatsAppEvent> From(const Event& event);

  // Exactly one of the two is not null. Valid as long as this object is.
  const whatsapp::InboundMessage* message() const { return std::get_if<whatsapp::InboundMessage>(&what_); }
  const whatsapp::StatusUpdate* status() const { return std::get_if<whatsapp::StatusUpdate>(&what_); }

 private:
  using What = std::variant<whatsapp::InboundMessage, whatsapp::StatusUpdate>;
  explicit WhatsAppEvent(What what) : what_(std::move(what)) {}

  What what_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_WHATSAPP_H_
