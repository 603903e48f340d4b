// A message as WhatsApp's own clients write it in JSON: the `message` of Baileys' WAMessage, and the `Message` of
// whatsmeow's events, both from the same protobuf (WAProto, proto.Message).
#ifndef PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_
#define PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_

#include <boost/json/value.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::model {

// Fills in what the content says, and returns the kind that it makes of a message of kind `kind`: a reaction, an edit
// or a deletion, else `kind`. Wrappers (ephemeral, view once) are looked through. nullptr is a message without content.
Kind ReadProtoMessage(const boost::json::value* content, Kind kind, Message& message);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_PROTO_MESSAGE_H_
