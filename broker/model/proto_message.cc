// Field names: WAProto.proto of npm `baileys` 6.17.16. whatsmeow writes some of them with capitals (URL, fileSHA256,
// ID, remoteJID).
#include "broker/model/proto_message.h"

#include "broker/model/json.h"

namespace playhead::broker::model {
namespace {

// A wrapper contains a message. No client nests wrappers deeper than this.
constexpr int kWrappersMax = 8;
constexpr absl::string_view kWrappers[] = {
    "ephemeralMessage",           "viewOnceMessage",   "viewOnceMessageV2", "viewOnceMessageV2Extension",
    "documentWithCaptionMessage", "deviceSentMessage", "editedMessage"};

// proto.Message.ProtocolMessage.Type
constexpr int64_t kRevoke = 0;
constexpr int64_t kEdit = 14;

struct MediaContent {
  absl::string_view key;
  absl::string_view type;
};
constexpr MediaContent kMedia[] = {
    {"imageMessage", "image"},       {"videoMessage", "video"},     {"audioMessage", "audio"},
    {"documentMessage", "document"}, {"stickerMessage", "sticker"},
};

const json::value* Unwrapped(const json::value* content) {
  for (int i = 0; i < kWrappersMax; ++i) {
    const json::value* inner = nullptr;
    for (const absl::string_view wrapper : kWrappers) {
      inner = Find(Find(content, wrapper), "message");
      if (inner != nullptr) break;
    }
    if (inner == nullptr) return content;
    content = inner;
  }
  return content;
}

// Bytes are base-64 text, or {"type":"Buffer","data":"<base64>"} as written by Node.
std::string Bytes(const json::value* value) {
  const json::value* const data = Find(value, "data");
  return Text(data != nullptr ? data : value);
}

void ReadContext(const json::value* content, Message& out) {
  const json::value* const context = Find(content, "contextInfo");
  if (context == nullptr) return;
  out.reply_to = Text(Find(context, {"stanzaId", "stanzaID"}));
  out.forwarded = Flag(Find(context, "isForwarded"));
}

void ReadMedia(const MediaContent& kind, const json::value* media, Message& out) {
  out.type = std::string(kind.type);
  out.media = Media{.url = Text(Find(media, {"url", "URL"})),
                    .mime = Text(Find(media, "mimetype")),
                    .sha256 = Bytes(Find(media, {"fileSha256", "fileSHA256"})),
                    .caption = Text(Find(media, "caption")),
                    .filename = Text(Find(media, {"fileName", "title"})),
                    .voice = Flag(Find(media, {"ptt", "PTT"}))};
  ReadContext(media, out);
}

json::value CardOf(const json::value* contact) {
  json::object card;
  card["name"] = json::object{{"formatted_name", Text(Find(contact, "displayName"))}};
  card["vcard"] = Text(Find(contact, "vcard"));
  return card;
}

bool ReadChoice(const json::value* content, Message& out) {
  if (const json::value* const reply = Find(content, "buttonsResponseMessage"); reply != nullptr) {
    out.choice = Choice{.type = "button_reply",
                        .id = Text(Find(reply, {"selectedButtonId", "selectedButtonID"})),
                        .title = Text(Find(reply, "selectedDisplayText"))};
    ReadContext(reply, out);
  } else if (const json::value* const list = Find(content, "listResponseMessage"); list != nullptr) {
    out.choice = Choice{.type = "list_reply",
                        .id = Text(Find(Find(list, "singleSelectReply"), {"selectedRowId", "selectedRowID"})),
                        .title = Text(Find(list, "title")),
                        .description = Text(Find(list, "description"))};
    ReadContext(list, out);
  } else if (const json::value* const button = Find(content, "templateButtonReplyMessage"); button != nullptr) {
    out.choice = Choice{.type = "button",
                        .id = Text(Find(button, {"selectedId", "selectedID"})),
                        .title = Text(Find(button, "selectedDisplayText"))};
    ReadContext(button, out);
  } else if (const json::value* const flow = Find(content, "interactiveResponseMessage"); flow != nullptr) {
    out.choice =
        Choice{.type = "nfm_reply",
               .title = Text(Find(Find(flow, "body"), "text")),
               .response_json = Text(Find(Find(flow, "nativeFlowResponseMessage"), {"paramsJson", "paramsJSON"}))};
    ReadContext(flow, out);
  } else {
    return false;
  }
  out.type = out.choice->type == "button" ? "button" : "interactive";
  return true;
}

// The content of a plain message.
void ReadPlain(const json::value* content, Message& out) {
  for (const MediaContent& media : kMedia) {
    if (const json::value* const value = Find(content, media.key); value != nullptr) {
      return ReadMedia(media, value, out);
    }
  }
  if (const json::value* const text = Find(content, "extendedTextMessage"); text != nullptr) {
    out.type = "text";
    out.text = Text(Find(text, "text"));
    ReadContext(text, out);
  } else if (const json::value* const plain = Find(content, "conversation"); plain != nullptr) {
    out.type = "text";
    out.text = Text(plain);
  } else if (const json::value* const place = Find(content, {"locationMessage", "liveLocationMessage"});
             place != nullptr) {
    out.type = "location";
    out.location = Location{.latitude = Number(Find(place, "degreesLatitude")),
                            .longitude = Number(Find(place, "degreesLongitude")),
                            .name = Text(Find(place, "name")),
                            .address = Text(Find(place, "address"))};
    ReadContext(place, out);
  } else if (const json::value* const contact = Find(content, "contactMessage"); contact != nullptr) {
    out.type = "contacts";
    out.contacts.push_back(CardOf(contact));
    ReadContext(contact, out);
  } else if (const json::value* const several = Find(content, "contactsArrayMessage"); several != nullptr) {
    out.type = "contacts";
    for (const json::value& card : Elements(Find(several, "contacts"))) out.contacts.push_back(CardOf(&card));
    ReadContext(several, out);
  } else if (const json::value* const order = Find(content, "orderMessage"); order != nullptr) {
    out.type = "order";
    out.order = *order;
    out.text = Text(Find(order, "message"));
  } else if (!ReadChoice(content, out)) {
    out.type = "unknown";
  }
}

}  // namespace

Kind ReadProtoMessage(const json::value* content, Kind kind, Message& message) {
  content = Unwrapped(content);
  if (const json::value* const reaction = Find(content, "reactionMessage"); reaction != nullptr) {
    const json::value* const key = Find(reaction, "key");
    message.type = "reaction";
    message.target = Text(Find(key, {"id", "ID"}));
    if (const json::value* const mine = Find(key, "fromMe"); mine != nullptr) message.target_from_me = Flag(mine);
    message.emoji = Text(Find(reaction, "text"));
    return Kind::kMessageReaction;
  }
  const json::value* const protocol = Find(content, "protocolMessage");
  if (protocol == nullptr) {
    ReadPlain(content, message);
    return kind;
  }
  const json::value* const key = Find(protocol, "key");
  const json::value* const type = Find(protocol, "type");
  const std::string name = Text(type);
  message.target = Text(Find(key, {"id", "ID"}));
  if (const json::value* const mine = Find(key, "fromMe"); mine != nullptr) message.target_from_me = Flag(mine);
  // REVOKE is the enum's default value, which some writers omit.
  if (name == "REVOKE" || (key != nullptr && Integer(type) == kRevoke && (type == nullptr || type->is_number()))) {
    message.type = "revoke";
    return Kind::kMessageDeleted;
  }
  if (name == "MESSAGE_EDIT" || Integer(type) == kEdit) {
    ReadPlain(Unwrapped(Find(protocol, "editedMessage")), message);
    message.type = "edit";
    return Kind::kMessageEdited;
  }
  message.target.clear();
  message.target_from_me.reset();
  message.type = "unknown";
  return kind;
}

}  // namespace playhead::broker::model
