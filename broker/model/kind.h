// Kinds: the meaning of events, independent of the dialect in which they were published.
//
// A kind is derived from the `dialect` attribute and the published type of a stored event (broker/model/facts.h); the
// event itself is not changed. An event without a kind is `x.<dialect>.<type>`: its own dialect shows it verbatim,
// other dialects do not show it.
#ifndef PLAYHEAD_BROKER_MODEL_KIND_H_
#define PLAYHEAD_BROKER_MODEL_KIND_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/event_wire.h"

namespace playhead::broker::model {

enum class Kind : uint8_t {
  kMessageReceived,
  kMessageSent,  // By the instance itself, here or on another device of its account.
  kMessageEdited,
  kMessageDeleted,
  kMessageReaction,
  kStatusSent,
  kStatusDelivered,
  kStatusRead,
  kStatusPlayed,
  kStatusFailed,
  kSessionConnecting,
  kSessionConnected,
  kSessionDisconnected,
  kSessionQr,
  kSessionPairingCode,
  kSessionCreds,
  kPresenceUser,
  kPresenceChat,
  kHistorySync,
  kChatUpsert,
  kChatUpdate,
  kContactUpsert,
  kContactUpdate,
  kGroupUpsert,
  kGroupUpdate,
  kGroupParticipantsAdd,
  kGroupParticipantsRemove,
  kGroupParticipantsPromote,
  kGroupParticipantsDemote,
  kGroupParticipantsModify,
  kCallUpdate,
  kAccountError,
};
inline constexpr size_t kKindCount = static_cast<size_t>(Kind::kAccountError) + 1;

// The dialect in which an event was published.
enum class Dialect : uint8_t {
  kNone,      // No attribute: a canonical type, with the canonical view (broker/model/view.h) as its data.
  kWhatsApp,  // Webhooks of the WhatsApp Cloud API (docs/clients/webhooks.md).
  kVZaps,
  kBaileys,  // Over Socket.IO.
  kMultiWa,
  kOther,  // An unknown dialect.
};

// From the `dialect` attribute of the event.
Dialect DialectOf(const EventView& event);
// `whatsapp`, `vzaps`, `baileys`, `multiwa`; "" for the others.
absl::string_view DialectName(Dialect dialect);

// A row of the table in docs/clients/dialects.md: the name of a kind, and the name that each dialect uses for it; "" if
// the dialect has none.
struct KindRow {
  Kind kind;
  absl::string_view name;  // `message.received`
  absl::string_view vzaps;
  absl::string_view baileys;
  absl::string_view multiwa;
};

const KindRow& RowOf(Kind kind);
inline absl::string_view KindName(Kind kind) { return RowOf(kind).name; }
std::optional<Kind> KindNamed(absl::string_view name);

// The kinds that an event of this type may have; one event may have several. Empty if the type has no kind. The first
// is the kind unless the data say otherwise. Valid forever.
absl::Span<const Kind> KindsOf(Dialect dialect, absl::string_view type);

// The kind of an event as text, judged by its dialect and type: the first of KindsOf; else the type itself for a
// webhook or an event without a dialect, and `x.<dialect>.<type>` for others.
std::string KindText(const EventView& event);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_KIND_H_
