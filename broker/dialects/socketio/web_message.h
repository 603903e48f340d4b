// Messages in Baileys' form: WAMessage (proto.WebMessageInfo), and references to messages.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_

#include <boost/json/object.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::socketio {

// {"key","messageTimestamp","pushName","message"}. Text that is not a reply is `conversation`, which is where
// documented handlers look. A message without an equivalent type in WhatsApp's clients has no `message`.
boost::json::object WebMessageOf(const model::Message& message);

// The key of the message that a reaction, edit or deletion refers to.
boost::json::object TargetKeyOf(const model::Message& message);

// {"key","reaction"}: an element of messages.reaction.
boost::json::object ReactionOf(const model::Message& message);

// {"key","update"}: an element of messages.update.
boost::json::object EditOf(const model::Message& message);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_
