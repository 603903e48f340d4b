// Sources: MultiWA's documentation of its WebSocket API, and for acknowledgements its source code
// (packages/core/src/realtime.ts).
#include <utility>

#include "broker/model/dialect_facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/multiwa_types.h"

namespace playhead::broker::model {
namespace {

std::string Address(const json::value* value) { return FromJid(Text(value)); }

void AddMessage(const json::value& data, std::vector<Fact>& facts) {
  Message message;
  message.message_id = Text(Find(&data, "id"));
  message.chat = Address(Find(&data, "from"));
  const std::string author = Address(Find(&data, "author"));
  message.sender = author.empty() ? message.chat : author;
  message.sender_name = Text(Find(&data, {"senderName", "pushName"}));
  message.timestamp = Seconds(Find(&data, "timestamp"));
  const std::string type = Text(Find(&data, "type"));
  message.type = FromMultiWaType(type);
  const std::string body = Text(Find(&data, "body"));
  if (Flag(Find(&data, "hasMedia"))) {
    message.media = Media{.caption = body, .voice = type == kMultiWaVoice};
  } else {
    message.text = body;
  }
  facts.push_back({Kind::kMessageReceived, std::move(message)});
}

void AddAck(const json::value& data, std::vector<Fact>& facts) {
  const std::string status = Text(Find(&data, "status"));
  const int64_t ack = Integer(Find(&data, "ack"));
  Kind kind;
  if (status == "sent" || (status.empty() && ack == 1)) {
    kind = Kind::kStatusSent;
  } else if (status == "delivered" || (status.empty() && ack == 2)) {
    kind = Kind::kStatusDelivered;
  } else if (status == "read" || (status.empty() && ack == 3)) {
    kind = Kind::kStatusRead;
  } else {
    return;
  }
  facts.push_back({kind, Status{.message_id = Text(Find(&data, "messageId")),
                                .chat = Address(Find(&data, {"to", "from"})),
                                .timestamp = Seconds(Find(&data, "timestamp"))}});
}

void AddSession(const json::value& data, std::vector<Fact>& facts) {
  const std::string status = Text(Find(&data, "status"));
  Session session{.phone = Address(Find(&data, {"phone", "phoneNumber"})), .reason = Text(Find(&data, "reason"))};
  if (status == "connecting") facts.push_back({Kind::kSessionConnecting, std::move(session)});
  if (status == "connected") facts.push_back({Kind::kSessionConnected, std::move(session)});
  if (status == "disconnected" || status == "error") {
    facts.push_back({Kind::kSessionDisconnected, std::move(session)});
  }
}

}  // namespace

void AddMultiWaFacts(Kind kind, const json::value& data, std::vector<Fact>& facts) {
  switch (kind) {
    case Kind::kMessageReceived:
      return AddMessage(data, facts);
    case Kind::kStatusSent:
      return AddAck(data, facts);
    case Kind::kSessionConnecting:
      return AddSession(data, facts);
    case Kind::kSessionQr:
      return facts.push_back({kind, Session{.qr = Text(Find(&data, {"qr", "qrCode"}))}});
    default:
      return;
  }
}

}  // namespace playhead::broker::model
