// Messages as Baileys has them: WAMessage (proto.WebMessageInfo) and what refers to one.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_

#include <boost/json/object.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::socketio {

// {"key","messageTimestamp","pushName","message"}. Text that answers nothing is `conversation`, which is where
// documented handlers look. What no message type of WhatsApp's clients stands for has no `message`.
boost::json::object WebMessageOf(const model::Message& message);

// The key of the message that a reaction, edit or deletion is about.
boost::json::object TargetKeyOf(const model::Message& message);

// {"key","reaction"}: an element of messages.reaction.
boost::json::object ReactionOf(const model::Message& message);

// {"key","update"}: an element of messages.update.
boost::json::object EditOf(const model::Message& message);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_WEB_MESSAGE_H_
