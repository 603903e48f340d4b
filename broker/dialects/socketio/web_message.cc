#include "broker/dialects/socketio/web_message.h"

#include <utility>

#include "absl/strings/match.h"
#include "broker/dialects/socketio/vcard.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"

namespace playhead::broker::socketio {
namespace {

namespace json = boost::json;
using model::Message;
using model::ToBaileysJid;

void AddUnlessEmpty(json::object& object, const char* name, const std::string& value) {
  if (!value.empty()) object.emplace(name, value);
}

json::object KeyOf(const std::string& chat, const std::string& participant, bool from_me, const std::string& id) {
  json::object key = {{"remoteJid", ToBaileysJid(chat)}, {"fromMe", from_me}, {"id", id}};
  if (model::IsGroup(chat) && !participant.empty()) key.emplace("participant", ToBaileysJid(participant));
  return key;
}

json::object KeyOf(const Message& message) {
  return KeyOf(message.chat, message.sender, message.from_me, message.message_id);
}

// Any content except `conversation` can carry what it replies to, and that it was forwarded.
void AddContext(json::object& content, const Message& message) {
  if (message.reply_to.empty() && !message.forwarded) return;
  json::object context;
  AddUnlessEmpty(context, "stanzaId", message.reply_to);
  if (message.forwarded) context.emplace("isForwarded", true);
  content.emplace("contextInfo", std::move(context));
}

json::object TextOf(const Message& message) {
  if (message.reply_to.empty() && !message.forwarded) return json::object{{"conversation", message.text}};
  json::object text = {{"text", message.text}};
  AddContext(text, message);
  return json::object{{"extendedTextMessage", std::move(text)}};
}

// The type that determines Baileys' key; for an edit, the type of the new content.
absl::string_view MediaType(const Message& message) {
  if (message.type != "edit") return message.type;
  for (const absl::string_view type : {"image", "video", "audio"}) {
    if (absl::StartsWith(message.media->mime, type)) return type;
  }
  return "document";
}

json::object MediaOf(const Message& message) {
  const model::Media& media = *message.media;
  const absl::string_view type = MediaType(message);
  json::object content = {{"mimetype", media.mime}};
  AddUnlessEmpty(content, "url", media.url);
  AddUnlessEmpty(content, "fileSha256", media.sha256);
  AddUnlessEmpty(content, "caption", media.caption);
  AddUnlessEmpty(content, "fileName", media.filename);
  if (type == "audio") content.emplace("ptt", media.voice);
  AddContext(content, message);
  json::object out;
  out.emplace(std::string(type) + "Message", std::move(content));
  return out;
}

json::object LocationOf(const Message& message) {
  json::object content = {{"degreesLatitude", message.location->latitude},
                          {"degreesLongitude", message.location->longitude}};
  AddUnlessEmpty(content, "name", message.location->name);
  AddUnlessEmpty(content, "address", message.location->address);
  AddContext(content, message);
  return json::object{{"locationMessage", std::move(content)}};
}

json::object ContactsOf(const Message& message) {
  json::array cards;
  for (const json::value& contact : message.contacts) {
    cards.push_back(json::object{{"displayName", DisplayNameOf(contact)}, {"vcard", VCardOf(contact)}});
  }
  if (cards.size() == 1) {
    json::object card = std::move(cards.front().get_object());
    AddContext(card, message);
    return json::object{{"contactMessage", std::move(card)}};
  }
  json::object several;
  several.emplace("contacts", std::move(cards));
  AddContext(several, message);
  return json::object{{"contactsArrayMessage", std::move(several)}};
}

json::object ChoiceOf(const Message& message) {
  const model::Choice& choice = *message.choice;
  json::object content;
  const char* name = "buttonsResponseMessage";
  if (choice.type == "list_reply") {
    name = "listResponseMessage";
    content.emplace("title", choice.title);
    AddUnlessEmpty(content, "description", choice.description);
    content.emplace("singleSelectReply", json::object{{"selectedRowId", choice.id}});
  } else if (choice.type == "nfm_reply") {
    name = "interactiveResponseMessage";
    content.emplace("body", json::object{{"text", choice.title}});
    content.emplace("nativeFlowResponseMessage", json::object{{"paramsJson", choice.response_json}});
  } else if (choice.type == "button") {
    name = "templateButtonReplyMessage";
    content.emplace("selectedId", choice.id);
    content.emplace("selectedDisplayText", choice.title);
  } else {
    content.emplace("selectedButtonId", choice.id);
    content.emplace("selectedDisplayText", choice.title);
  }
  AddContext(content, message);
  json::object out;
  out.emplace(name, std::move(content));
  return out;
}

json::object OrderOf(const Message& message) {
  json::object content;
  AddUnlessEmpty(content, "message", message.text);
  if (const json::value* const items = model::Find(&message.order, "product_items"); items != nullptr) {
    content.emplace("itemCount", model::Elements(items).size());
  } else if (const json::value* const count = model::Find(&message.order, "itemCount"); count != nullptr) {
    content.emplace("itemCount", *count);
  }
  AddContext(content, message);
  return json::object{{"orderMessage", std::move(content)}};
}

// nullopt if there is no equivalent.
std::optional<json::object> ContentOf(const Message& message) {
  if (message.media) return MediaOf(message);
  if (message.location) return LocationOf(message);
  if (!message.contacts.empty()) return ContactsOf(message);
  if (message.choice) return ChoiceOf(message);
  if (message.type == "order") return OrderOf(message);
  if (message.type == "text" || message.type == "edit") return TextOf(message);
  return std::nullopt;
}

}  // namespace

json::object WebMessageOf(const Message& message) {
  json::object out;
  out.emplace("key", KeyOf(message));
  out.emplace("messageTimestamp", message.timestamp);
  AddUnlessEmpty(out, "pushName", message.sender_name);
  if (std::optional<json::object> content = ContentOf(message)) {
    out.emplace("message", *std::move(content));
  } else if (!message.text.empty()) {
    // The form of system notices in Baileys.
    json::array parameters;
    parameters.emplace_back(message.text);
    out.emplace("messageStubParameters", std::move(parameters));
  }
  return out;
}

json::object TargetKeyOf(const Message& message) {
  // Edits and deletions refer to the sender's own messages. Whose message a reaction refers to is known only if the
  // source says so.
  const bool by_author = message.type != "reaction";
  const bool from_me = message.target_from_me.value_or(by_author && message.from_me);
  return KeyOf(message.chat, by_author ? message.sender : "", from_me, message.target);
}

json::object ReactionOf(const Message& message) {
  json::object reaction;
  reaction.emplace("key", KeyOf(message));
  reaction.emplace("text", message.emoji);
  reaction.emplace("senderTimestampMs", message.timestamp * 1000);
  json::object element;
  element.emplace("key", TargetKeyOf(message));
  element.emplace("reaction", std::move(reaction));
  return element;
}

json::object EditOf(const Message& message) {
  json::object edited;
  if (std::optional<json::object> content = ContentOf(message)) edited.emplace("message", *std::move(content));
  json::object in_place;
  in_place.emplace("editedMessage", std::move(edited));
  json::object update;
  update.emplace("message", std::move(in_place));
  update.emplace("messageTimestamp", message.timestamp);
  json::object element;
  element.emplace("key", TargetKeyOf(message));
  element.emplace("update", std::move(update));
  return element;
}

}  // namespace playhead::broker::socketio
