// Kinds: what events mean, whichever dialect they were published in.
//
// A kind is derived from the attribute `dialect` of a stored event and its published type (broker/model/facts.h); the
// event itself stays as it was published. What is of no kind here is `x.<dialect>.<type>`: its own dialect shows it
// verbatim, the others do not show it.
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

// In whose words an event was published.
enum class Dialect : uint8_t {
  kNone,      // No attribute: a canonical type, with the canonical view (broker/model/view.h) as its data.
  kWhatsApp,  // Webhooks of the WhatsApp Cloud API (docs/clients/webhooks.md).
  kVZaps,
  kBaileys,  // Over Socket.IO.
  kMultiWa,
  kOther,  // One that is not known here.
};

// What the attribute `dialect` of the event says.
Dialect DialectOf(const EventView& event);
// `whatsapp`, `vzaps`, `baileys`, `multiwa`; "" for the others.
absl::string_view DialectName(Dialect dialect);

// One row of the table of docs/clients/dialects.md: a kind's own name, and how each dialect calls what it shows of that
// kind. "" where a dialect has nothing for it.
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

// The kinds that an event of this type may be of; one event may be of several. Empty if it is of none that is known.
// Valid for ever. The first is the kind unless the data say otherwise.
absl::Span<const Kind> KindsOf(Dialect dialect, absl::string_view type);

// The kind of an event as text, as far as dialect and type say it: the first of KindsOf, else `x.<dialect>.<type>`.
std::string KindText(const EventView& event);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_KIND_H_
