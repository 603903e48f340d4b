// A message in the JSON form of WhatsApp's own clients: the `message` of Baileys' WAMessage, and the `Message` of
// whatsmeow's events. Both are from the same protobuf (WAProto, proto.Message).
#ifndef PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_
#define PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_

#include <boost/json/value.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::model {

// Fills `message` from the content, and returns its kind: reaction, edit or deletion, or else `kind`. Unwraps wrappers
// (ephemeral, view once). nullptr means a message without content.
Kind ReadProtoMessage(const boost::json::value* content, Kind kind, Message& message);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_
