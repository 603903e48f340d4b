#include "broker/model/kind.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace playhead::broker::model {
namespace {

constexpr KindRow kRows[] = {
    {Kind::kMessageReceived, "message.received", "Message", "messages.upsert", "message.received"},
    {Kind::kMessageSent, "message.sent", "Message", "messages.upsert", ""},
    {Kind::kMessageEdited, "message.edited", "Message", "messages.update", ""},
    {Kind::kMessageDeleted, "message.deleted", "Message", "messages.delete", ""},
    {Kind::kMessageReaction, "message.reaction", "Message", "messages.reaction", "message.received"},
    {Kind::kStatusSent, "status.sent", "", "messages.update", "message.ack"},
    {Kind::kStatusDelivered, "status.delivered", "ReadReceipt", "messages.update", "message.ack"},
    {Kind::kStatusRead, "status.read", "ReadReceipt", "messages.update", "message.ack"},
    {Kind::kStatusPlayed, "status.played", "ReadReceipt", "messages.update", "message.ack"},
    {Kind::kStatusFailed, "status.failed", "", "messages.update", "message.ack"},
    {Kind::kSessionConnecting, "session.connecting", "", "connection.update", "session.status"},
    {Kind::kSessionConnected, "session.connected", "Connected", "connection.update", "session.status"},
    {Kind::kSessionDisconnected, "session.disconnected", "Disconnected", "connection.update", "session.status"},
    // Socket.IO also sends `connection.update` for it.
    {Kind::kSessionQr, "session.qr", "", "auth.qr", "qr.updated"},
    {Kind::kSessionPairingCode, "session.pairing_code", "", "auth.pairing-code", ""},
    {Kind::kSessionCreds, "session.creds", "", "creds.update", ""},
    {Kind::kPresenceUser, "presence.user", "Presence", "presence.update", ""},
    {Kind::kPresenceChat, "presence.chat", "ChatPresence", "presence.update", ""},
    {Kind::kHistorySync, "history.sync", "HistorySync", "messaging-history.set", ""},
    {Kind::kChatUpsert, "chat.upsert", "", "chats.upsert", ""},
    {Kind::kChatUpdate, "chat.update", "", "chats.update", ""},
    {Kind::kContactUpsert, "contact.upsert", "", "contacts.upsert", ""},
    {Kind::kContactUpdate, "contact.update", "", "contacts.update", ""},
    {Kind::kGroupUpsert, "group.upsert", "", "groups.upsert", ""},
    {Kind::kGroupUpdate, "group.update", "", "groups.update", ""},
    {Kind::kGroupParticipantsAdd, "group.participants.add", "GroupParticipantsAdd", "group-participants.update", ""},
    {Kind::kGroupParticipantsRemove, "group.participants.remove", "GroupParticipantsRemove",
     "group-participants.update", ""},
    {Kind::kGroupParticipantsPromote, "group.participants.promote", "", "group-participants.update", ""},
    {Kind::kGroupParticipantsDemote, "group.participants.demote", "", "group-participants.update", ""},
    {Kind::kGroupParticipantsModify, "group.participants.modify", "", "group-participants.update", ""},
    {Kind::kCallUpdate, "call.update", "", "call", ""},
    {Kind::kAccountError, "account.error", "", "", ""},
};
static_assert(std::size(kRows) == kKindCount);

constexpr bool RowsAreInOrder() {
  for (size_t i = 0; i < kKindCount; ++i) {
    if (kRows[i].kind != static_cast<Kind>(i)) return false;
  }
  return true;
}
static_assert(RowsAreInOrder());

// The kinds that the types of each dialect may have.
constexpr Kind kMessages[] = {Kind::kMessageReceived, Kind::kMessageSent, Kind::kMessageReaction, Kind::kMessageEdited,
                              Kind::kMessageDeleted};
constexpr Kind kEdited[] = {Kind::kMessageEdited};
constexpr Kind kDeleted[] = {Kind::kMessageDeleted};
constexpr Kind kReaction[] = {Kind::kMessageReaction};
constexpr Kind kReceived[] = {Kind::kMessageReceived};
constexpr Kind kReceipts[] = {Kind::kStatusRead, Kind::kStatusDelivered, Kind::kStatusPlayed};
constexpr Kind kAcks[] = {Kind::kStatusSent, Kind::kStatusDelivered, Kind::kStatusRead};
constexpr Kind kUpdates[] = {Kind::kStatusSent,   Kind::kStatusDelivered, Kind::kStatusRead,
                             Kind::kStatusPlayed, Kind::kStatusFailed,    Kind::kMessageEdited};
constexpr Kind kConnection[] = {Kind::kSessionConnecting, Kind::kSessionConnected, Kind::kSessionDisconnected,
                                Kind::kSessionQr};
constexpr Kind kSessionStatus[] = {Kind::kSessionConnecting, Kind::kSessionConnected, Kind::kSessionDisconnected};
constexpr Kind kConnected[] = {Kind::kSessionConnected};
constexpr Kind kDisconnected[] = {Kind::kSessionDisconnected};
constexpr Kind kQr[] = {Kind::kSessionQr};
constexpr Kind kPairingCode[] = {Kind::kSessionPairingCode};
constexpr Kind kCreds[] = {Kind::kSessionCreds};
constexpr Kind kPresences[] = {Kind::kPresenceUser, Kind::kPresenceChat};
constexpr Kind kPresenceUser[] = {Kind::kPresenceUser};
constexpr Kind kPresenceChat[] = {Kind::kPresenceChat};
constexpr Kind kHistory[] = {Kind::kHistorySync};
constexpr Kind kChatUpsert[] = {Kind::kChatUpsert};
constexpr Kind kChatUpdate[] = {Kind::kChatUpdate};
constexpr Kind kContactUpsert[] = {Kind::kContactUpsert};
constexpr Kind kContactUpdate[] = {Kind::kContactUpdate};
constexpr Kind kGroupUpsert[] = {Kind::kGroupUpsert};
constexpr Kind kGroupUpdate[] = {Kind::kGroupUpdate};
constexpr Kind kAdd[] = {Kind::kGroupParticipantsAdd};
constexpr Kind kRemove[] = {Kind::kGroupParticipantsRemove};
constexpr Kind kParticipants[] = {Kind::kGroupParticipantsAdd, Kind::kGroupParticipantsRemove,
                                  Kind::kGroupParticipantsPromote, Kind::kGroupParticipantsDemote,
                                  Kind::kGroupParticipantsModify};
constexpr Kind kCall[] = {Kind::kCallUpdate};

struct NativeType {
  Dialect dialect;
  absl::string_view type;
  absl::Span<const Kind> kinds;
};

constexpr NativeType kNativeTypes[] = {
    {Dialect::kVZaps, "Message", kMessages},
    {Dialect::kVZaps, "ReadReceipt", kReceipts},
    {Dialect::kVZaps, "Presence", kPresenceUser},
    {Dialect::kVZaps, "ChatPresence", kPresenceChat},
    {Dialect::kVZaps, "HistorySync", kHistory},
    {Dialect::kVZaps, "Connected", kConnected},
    {Dialect::kVZaps, "Disconnected", kDisconnected},
    {Dialect::kVZaps, "GroupParticipantsAdd", kAdd},
    {Dialect::kVZaps, "GroupParticipantsRemove", kRemove},
    {Dialect::kBaileys, "messages.upsert", kMessages},
    {Dialect::kBaileys, "messages.update", kUpdates},
    {Dialect::kBaileys, "messages.delete", kDeleted},
    {Dialect::kBaileys, "messages.reaction", kReaction},
    {Dialect::kBaileys, "connection.update", kConnection},
    {Dialect::kBaileys, "auth.qr", kQr},
    {Dialect::kBaileys, "auth.pairing-code", kPairingCode},
    {Dialect::kBaileys, "creds.update", kCreds},
    {Dialect::kBaileys, "presence.update", kPresences},
    {Dialect::kBaileys, "messaging-history.set", kHistory},
    {Dialect::kBaileys, "chats.upsert", kChatUpsert},
    {Dialect::kBaileys, "chats.update", kChatUpdate},
    {Dialect::kBaileys, "contacts.upsert", kContactUpsert},
    {Dialect::kBaileys, "contacts.update", kContactUpdate},
    {Dialect::kBaileys, "groups.upsert", kGroupUpsert},
    {Dialect::kBaileys, "groups.update", kGroupUpdate},
    {Dialect::kBaileys, "group-participants.update", kParticipants},
    {Dialect::kBaileys, "call", kCall},
    {Dialect::kMultiWa, "message.received", kReceived},
    {Dialect::kMultiWa, "message.ack", kAcks},
    {Dialect::kMultiWa, "session.status", kSessionStatus},
    {Dialect::kMultiWa, "qr.updated", kQr},
};

}  // namespace

Dialect DialectOf(const EventView& event) {
  for (const auto& [key, value] : event.attributes) {
    if (key != "dialect") continue;
    for (const Dialect dialect : {Dialect::kWhatsApp, Dialect::kVZaps, Dialect::kBaileys, Dialect::kMultiWa}) {
      if (value == DialectName(dialect)) return dialect;
    }
    return Dialect::kOther;
  }
  return Dialect::kNone;
}

absl::string_view DialectName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kWhatsApp:
      return "whatsapp";
    case Dialect::kVZaps:
      return "vzaps";
    case Dialect::kBaileys:
      return "baileys";
    case Dialect::kMultiWa:
      return "multiwa";
    case Dialect::kNone:
    case Dialect::kOther:
      break;
  }
  return "";
}

const KindRow& RowOf(Kind kind) { return kRows[static_cast<size_t>(kind)]; }

std::optional<Kind> KindNamed(absl::string_view name) {
  for (const KindRow& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

absl::Span<const Kind> KindsOf(Dialect dialect, absl::string_view type) {
  if (dialect == Dialect::kNone || dialect == Dialect::kWhatsApp) {
    const std::optional<Kind> kind = KindNamed(type);
    if (!kind) return {};
    return absl::MakeConstSpan(&RowOf(*kind).kind, 1);
  }
  for (const NativeType& native : kNativeTypes) {
    if (native.dialect == dialect && native.type == type) return native.kinds;
  }
  return {};
}

std::string KindText(const EventView& event) {
  const Dialect dialect = DialectOf(event);
  const absl::Span<const Kind> kinds = KindsOf(dialect, event.type);
  if (!kinds.empty()) return std::string(KindName(kinds.front()));
  // A webhook type without a kind, and a type without a dialect, is its own name.
  if (dialect == Dialect::kNone || dialect == Dialect::kWhatsApp) return std::string(event.type);
  for (const auto& [key, value] : event.attributes) {
    if (key == "dialect") return absl::StrCat("x.", value, ".", event.type);
  }
  return std::string(event.type);
}

}  // namespace playhead::broker::model
