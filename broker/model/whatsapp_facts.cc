// Field names: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
#include <utility>

#include "broker/model/dialect_facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"

namespace playhead::broker::model {
namespace {

constexpr absl::string_view kMediaTypes[] = {"image", "video", "audio", "document", "sticker"};

Media ReadMedia(const json::value* media) {
  return {.id = Text(Find(media, "id")),
          .url = Text(Find(media, "url")),
          .mime = Text(Find(media, "mime_type")),
          .sha256 = Text(Find(media, "sha256")),
          .caption = Text(Find(media, "caption")),
          .filename = Text(Find(media, "filename")),
          .voice = Flag(Find(media, "voice"))};
}

Choice ReadChoice(const json::value* interactive) {
  Choice choice{.type = Text(Find(interactive, "type"))};
  const json::value* const reply = Find(interactive, choice.type);
  choice.id = Text(Find(reply, "id"));
  choice.title = Text(Find(reply, {"title", "body"}));
  choice.description = Text(Find(reply, "description"));
  choice.response_json = Text(Find(reply, "response_json"));
  return choice;
}

// Reads the content of `message`, which is a whole message or the new content of an edit.
void ReadContent(const json::value* message, Message& out) {
  out.text = Text(Find(Find(message, "text"), "body"));
  for (const absl::string_view type : kMediaTypes) {
    if (const json::value* const media = Find(message, type); media != nullptr && media->is_object()) {
      out.media = ReadMedia(media);
    }
  }
  if (const json::value* const location = Find(message, "location"); location != nullptr && location->is_object()) {
    out.location = Location{.latitude = Number(Find(location, "latitude")),
                            .longitude = Number(Find(location, "longitude")),
                            .name = Text(Find(location, "name")),
                            .address = Text(Find(location, "address"))};
  }
  out.contacts = Elements(Find(message, "contacts"));
  if (const json::value* const interactive = Find(message, "interactive"); interactive != nullptr) {
    out.choice = ReadChoice(interactive);
  }
  if (const json::value* const button = Find(message, "button"); button != nullptr) {
    out.choice = Choice{.type = "button", .id = Text(Find(button, "payload")), .title = Text(Find(button, "text"))};
  }
  if (const json::value* const order = Find(message, "order"); order != nullptr) {
    out.order = *order;
    out.text = Text(Find(order, "text"));
  }
  if (const json::value* const system = Find(message, "system"); system != nullptr) {
    out.system = *system;
    out.text = Text(Find(system, "body"));
  }
}

Message ReadMessage(Kind kind, const json::value* message, const json::value* contact) {
  Message out;
  out.message_id = Text(Find(message, "id"));
  out.from_me = kind == Kind::kMessageSent;
  out.sender = Text(Find(message, "from"));
  out.sender_name = out.from_me ? "" : Text(Find(Find(contact, "profile"), "name"));
  const std::string group = FromMetaGroup(Text(Find(message, "group_id")));
  out.chat = !group.empty() ? group : out.from_me ? Text(Find(message, "to")) : out.sender;
  out.timestamp = Seconds(Find(message, "timestamp"));
  out.type = Text(Find(message, "type"));
  const json::value* const context = Find(message, "context");
  out.reply_to = Text(Find(context, "id"));
  out.forwarded = Flag(Find(context, "forwarded")) || Flag(Find(context, "frequently_forwarded"));
  ReadContent(message, out);
  if (const json::value* const reaction = Find(message, "reaction"); reaction != nullptr) {
    out.target = Text(Find(reaction, "message_id"));
    out.emoji = Text(Find(reaction, "emoji"));
  }
  if (const json::value* const edit = Find(message, "edit"); edit != nullptr) {
    out.target = Text(Find(edit, "original_message_id"));
    ReadContent(Find(edit, "message"), out);
  }
  if (const json::value* const revoke = Find(message, "revoke"); revoke != nullptr) {
    out.target = Text(Find(revoke, "original_message_id"));
  }
  if (out.type.empty()) out.type = "unknown";
  return out;
}

Status ReadStatus(const json::value* status) {
  const bool is_group = Text(Find(status, "recipient_type")) == "group";
  const std::string recipient = Text(Find(status, "recipient_id"));
  return {.message_id = Text(Find(status, "id")),
          .chat = is_group ? FromMetaGroup(recipient) : recipient,
          .participant = Text(Find(status, "recipient_participant_id")),
          .from_me = true,
          .timestamp = Seconds(Find(status, "timestamp")),
          .errors = Elements(Find(status, "errors"))};
}

}  // namespace

void AddWhatsAppFacts(Kind kind, const json::value& data, std::vector<Fact>& facts) {
  if (const json::value* const message = Find(&data, "message"); message != nullptr && message->is_object()) {
    if (kind > Kind::kMessageReaction) return;
    facts.push_back({kind, ReadMessage(kind, message, Find(&data, "contact"))});
  } else if (const json::value* const status = Find(&data, "status"); status != nullptr && status->is_object()) {
    if (kind < Kind::kStatusSent || kind > Kind::kStatusFailed) return;
    facts.push_back({kind, ReadStatus(status)});
  }
}

}  // namespace playhead::broker::model
