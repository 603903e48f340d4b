#include "client/whatsapp.h"

#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/whatsapp/content.h"

namespace playhead {
namespace whatsapp {
namespace {

namespace v1 = photon::whatsapp::v1;

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) { return absl::FromUnixSeconds(timestamp.seconds()); }

template <typename Proto>
std::vector<Proto> TakeAll(google::protobuf::RepeatedPtrField<Proto>& elements) {
  return std::vector<Proto>(std::make_move_iterator(elements.begin()), std::make_move_iterator(elements.end()));
}

Interactive TakeInteractive(v1::InboundInteractiveContent& interactive) {
  switch (interactive.reply_case()) {
    case v1::InboundInteractiveContent::kListReply:
      return {std::move(*interactive.mutable_list_reply())};
    case v1::InboundInteractiveContent::kNfmReply:
      return {std::move(*interactive.mutable_nfm_reply())};
    default:  // ParseMessage returns none without a reply.
      return {std::move(*interactive.mutable_button_reply())};
  }
}

// Takes the content out of `message`. REQUIRES: the message's type agrees with its content.
Content TakeContent(v1::InboundMessage& message) {
  if (message.has_text()) return Text{std::move(*message.mutable_text()->mutable_body())};
  if (message.has_image()) return Image{std::move(*message.mutable_image())};
  if (message.has_video()) return Video{std::move(*message.mutable_video())};
  if (message.has_audio()) return Audio{std::move(*message.mutable_audio())};
  if (message.has_document()) return Document{std::move(*message.mutable_document())};
  if (message.has_sticker()) return Sticker{std::move(*message.mutable_sticker())};
  if (message.has_location()) return Location{std::move(*message.mutable_location())};
  if (message.contacts_size() > 0) return Contacts{TakeAll(*message.mutable_contacts())};
  if (message.has_reaction()) return Reaction{std::move(*message.mutable_reaction())};
  if (message.has_interactive()) return TakeInteractive(*message.mutable_interactive());
  if (message.has_button()) return Button{std::move(*message.mutable_button())};
  if (message.has_order()) return Order{std::move(*message.mutable_order())};
  if (message.has_system()) return System{std::move(*message.mutable_system())};
  return Unknown{};
}

InboundMessage TakeMessage(v1::InboundMessage& message) {
  InboundMessage taken{
      .id = std::move(*message.mutable_id()),
      .from = std::move(*message.mutable_from()),
      .timestamp = ToTime(message.timestamp()),
      .message_type = std::move(*message.mutable_type()),
      .content = TakeContent(message),
      .errors = TakeAll(*message.mutable_errors()),
  };
  if (message.has_contact()) taken.contact = std::move(*message.mutable_contact());
  if (message.has_context()) taken.context = std::move(*message.mutable_context());
  if (message.has_referral()) taken.referral = std::move(*message.mutable_referral());
  return taken;
}

MessageStatus ToStatus(v1::MessageStatus status) {
  switch (status) {
    case v1::MESSAGE_STATUS_DELIVERED:
      return MessageStatus::kDelivered;
    case v1::MESSAGE_STATUS_READ:
      return MessageStatus::kRead;
    case v1::MESSAGE_STATUS_PLAYED:
      return MessageStatus::kPlayed;
    case v1::MESSAGE_STATUS_FAILED:
      return MessageStatus::kFailed;
    default:  // ParseStatus never returns an unspecified one.
      return MessageStatus::kSent;
  }
}

StatusUpdate TakeStatus(v1::StatusUpdate& status) {
  StatusUpdate taken{
      .id = std::move(*status.mutable_id()),
      .status = ToStatus(status.status()),
      .timestamp = ToTime(status.timestamp()),
      .recipient_id = std::move(*status.mutable_recipient_id()),
      .errors = TakeAll(*status.mutable_errors()),
  };
  if (status.has_conversation()) taken.conversation = std::move(*status.mutable_conversation());
  if (status.has_pricing()) taken.pricing = std::move(*status.mutable_pricing());
  if (status.has_biz_opaque_callback_data()) {
    taken.biz_opaque_callback_data = std::move(*status.mutable_biz_opaque_callback_data());
  }
  return taken;
}

}  // namespace

absl::string_view MessageStatusName(MessageStatus status) {
  switch (status) {
    case MessageStatus::kSent:
      return "sent";
    case MessageStatus::kDelivered:
      return "delivered";
    case MessageStatus::kRead:
      return "read";
    case MessageStatus::kPlayed:
      return "played";
    case MessageStatus::kFailed:
      break;
  }
  return "failed";
}

}  // namespace whatsapp

absl::StatusOr<WhatsAppEvent> WhatsAppEvent::From(const Event& event) {
  if (event.attribute("dialect") != "whatsapp") {
    return MakeError(Reason::kNotRendered, "an event whose attribute `dialect` is not `whatsapp` has no typed view");
  }
  if (absl::StartsWith(event.type(), "message.") && event.type() != "message.sent") {
    absl::StatusOr<photon::whatsapp::v1::InboundMessage> message = whatsapp::ParseMessage(event.data());
    if (!message.ok()) return message.status();
    return WhatsAppEvent(whatsapp::TakeMessage(*message));
  }
  if (absl::StartsWith(event.type(), "status.")) {
    absl::StatusOr<photon::whatsapp::v1::StatusUpdate> status = whatsapp::ParseStatus(event.data());
    if (!status.ok()) return status.status();
    return WhatsAppEvent(whatsapp::TakeStatus(*status));
  }
  return MakeError(Reason::kNotRendered, absl::StrCat("an event of type ", event.type(), " has no typed view"));
}

}  // namespace playhead
